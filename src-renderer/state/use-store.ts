import { useSyncExternalStore } from "react";
import { useStore as useZustand } from "zustand";
import type { TopicRow } from "#shared/contract/topics.ts";
import { quotes } from "./quotes.ts";
import { type State, store } from "./store.ts";

/** A narrow look into the slow state. */
export function useStore<T>(select: (state: State) => T): T {
  return useZustand(store, select);
}

/** Commands can be given; kill alone is never disabled. */
export function useHasHost(): boolean {
  return useStore((state) => state.link.kind === "open");
}

/** The newest quote of one symbol; draws again only when that symbol changed. */
export function useQuote(symbol: string | undefined): TopicRow<"quotes"> | undefined {
  return useSyncExternalStore(
    (listener) => (symbol === undefined ? () => undefined : quotes.subscribe(symbol, listener)),
    () => (symbol === undefined ? undefined : quotes.row(symbol)),
  );
}

/** Symbols of the watchlist in the order of their first quote. */
export function useSymbols(): readonly string[] {
  return useSyncExternalStore(
    (listener) => quotes.subscribeList(listener),
    () => quotes.list(),
  );
}
