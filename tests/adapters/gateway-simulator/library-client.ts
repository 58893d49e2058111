import { ErrorCode, EventName, IBApi } from "@stoqey/ib";

/** What the library says when it could not read a message: codes and words of its decoder. */
const COMPLAINT = /unprocessed|Underrun|Unknown|unexpected/i;

/** The real client library against the simulator, with everything it complains about collected. */
export type LibraryClient = {
  readonly api: IBApi;
  readonly complaints: string[];
  readonly errors: { readonly id: number; readonly code: number; readonly text: string }[];
  serverVersion(): number | undefined;
  nextOrderId(): number;
  close(): void;
};

export async function connectLibrary(port: number, clientId: number): Promise<LibraryClient> {
  const api = new IBApi({ host: "127.0.0.1", port, clientId, maxReqPerSec: 100_000 });
  const complaints: string[] = [];
  const errors: { id: number; code: number; text: string }[] = [];
  let orderId = 0;
  let version: number | undefined;
  const complain = (text: string): void => {
    if (COMPLAINT.test(text)) complaints.push(text);
  };
  api.on(EventName.error, (error, code, id) => {
    errors.push({ id, code, text: error.message });
    if (code === ErrorCode.UNKNOWN_ID) complaints.push(error.message);
    complain(error.message);
  });
  api.on(EventName.info, (message, code) => {
    if (code === 505) complaints.push(message);
    complain(message);
  });
  api.on(EventName.server, (serverVersion) => {
    version = serverVersion;
  });
  api.on(EventName.nextValidId, (id) => {
    orderId = Math.max(orderId, id);
  });
  await new Promise<void>((resolve, reject) => {
    api.once(EventName.nextValidId, () => resolve());
    api.once(EventName.disconnected, () => reject(new Error("disconnected before nextValidId")));
    api.connect(clientId);
  });
  return {
    api,
    complaints,
    errors,
    serverVersion: () => version,
    nextOrderId: () => {
      orderId += 1;
      return orderId - 1;
    },
    close: () => {
      api.removeAllListeners();
      api.disconnect();
    },
  };
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
