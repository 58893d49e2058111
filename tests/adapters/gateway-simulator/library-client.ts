import { EventName, IBApi } from "@stoqey/ib";
import { onTestFinished } from "vitest";

export type Emitted = { readonly event: EventName; readonly values: readonly unknown[] };

/** The real library, connected, with everything it emits in order. `complaints` are what its decoder finds wrong. */
export type Library = {
  readonly api: IBApi;
  readonly emitted: Emitted[];
  readonly complaints: string[];
  of(event: EventName): readonly (readonly unknown[])[];
  /** The next order id, rising from what the server said. */
  nextOrderId(): number;
  /** Resolves when `event` has been emitted `count` times in all. */
  until(event: EventName, count?: number): Promise<readonly unknown[]>;
};

const DECODER_ERROR = 505;

export async function connectLibrary(port: number, clientId: number): Promise<Library> {
  const api = new IBApi({ host: "127.0.0.1", port, clientId, maxReqPerSec: 100_000 });
  const emitted: Emitted[] = [];
  const complaints: string[] = [];
  const waiting: { readonly event: EventName; readonly count: number; readonly resolve: () => void }[] = [];
  const of = (event: EventName) => emitted.filter((item) => item.event === event).map((item) => item.values);
  // The library types each event's listener apart; all of them are recorded alike here.
  const emitter = api as unknown as NodeJS.EventEmitter;
  const raw = new Set<EventName>([EventName.sent, EventName.received, EventName.all, EventName.result]);
  for (const event of Object.values(EventName)) {
    if (raw.has(event)) continue;
    emitter.on(event, (...values: unknown[]) => {
      emitted.push({ event, values });
      if (event === EventName.error || event === EventName.info) {
        const [first, code] = values;
        const text = first instanceof Error ? first.message : String(first);
        if (code === DECODER_ERROR || /unprocessed|underrun|no parser/i.test(text)) complaints.push(text);
      }
      for (const item of [...waiting]) {
        if (item.event !== event || of(event).length < item.count) continue;
        waiting.splice(waiting.indexOf(item), 1);
        item.resolve();
      }
    });
  }
  const until = async (event: EventName, count = 1): Promise<readonly unknown[]> => {
    if (of(event).length < count) {
      await new Promise<void>((resolve) => {
        waiting.push({ event, count, resolve });
      });
    }
    return of(event)[count - 1] ?? [];
  };
  onTestFinished(() => {
    api.removeAllListeners();
    api.on(EventName.error, () => undefined);
    api.disconnect();
  });
  api.connect(clientId);
  await until(EventName.nextValidId);
  await until(EventName.managedAccounts);
  let orderId = Number(of(EventName.nextValidId)[0]?.[0]) - 1;
  const nextOrderId = (): number => {
    orderId += 1;
    return orderId;
  };
  return { api, emitted, complaints, of, nextOrderId, until };
}

/** The arguments of the next `event` that fits. */
export function once<T extends readonly unknown[]>(
  api: IBApi,
  event: EventName,
  fits: (...args: T) => boolean = () => true,
): Promise<T> {
  return new Promise((resolve) => {
    const listener = (...args: unknown[]): void => {
      const typed = args as unknown as T;
      if (!fits(...typed)) return;
      api.removeListener(event, listener);
      resolve(typed);
    };
    (api as unknown as NodeJS.EventEmitter).on(event, listener);
  });
}
