import type { Store } from "#runtime/store-port.ts";
import type { JournalClocks } from "./journal-writer.ts";
import { StoreCore } from "./store-core.ts";
import { createFacade, type StoreFacade } from "./store-facade.ts";
import type { StoreSettings } from "./store-protocol.ts";

export type OpenStoreOptions = StoreSettings & {
  /** Clocks of the rows' wallTime and monotonic; the machine's by default. */
  readonly clocks?: JournalClocks;
  readonly queueBound?: number;
};

/** A store in this thread, for simulations, tools and tests: the same core, its disk writes block the caller's thread. */
export type LocalStore = {
  readonly store: Store;
  /** Lets go of the files as a crash would. */
  abandon(): void;
};

/** Opens a data directory in this thread. Throws a `StoreError`. */
export function openStore(options: OpenStoreOptions): LocalStore {
  const { queueBound, ...settings } = options;
  const link: { facade?: StoreFacade } = {};
  const core = new StoreCore(settings, (reply) => link.facade?.receive(reply));
  const facade = createFacade({
    opening: core.journal.opening,
    folder: options.folder,
    post: (post) => core.handle(post),
    ...(queueBound === undefined ? {} : { queueBound }),
  });
  link.facade = facade;
  return { store: facade.store, abandon: () => core.abandon() };
}
