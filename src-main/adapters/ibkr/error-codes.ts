/** What a code of the broker means for us. */
export type CodeClass =
  | "socket"
  | "codec"
  | "idInUse"
  | "linkLost"
  | "linkRestoredDataLost"
  | "linkRestoredDataKept"
  | "farmDown"
  | "farmUp"
  | "benign"
  | "rate"
  | "entitlement"
  | "request"
  | "history"
  | "orderRejected"
  | "cancelRejected"
  | "orderCancelled"
  | "orderNote"
  | "unknown";

const TABLE: Readonly<Record<Exclude<CodeClass, "unknown">, readonly number[]>> = {
  socket: [501, 502, 503, 504, 506, 507, 1300],
  codec: [505],
  idInUse: [326],
  linkLost: [1100, 2110],
  linkRestoredDataLost: [1101],
  linkRestoredDataKept: [1102],
  farmDown: [2103, 2105, 2157],
  farmUp: [2104, 2106, 2158, 2107, 2108, 2119],
  benign: [300, 366],
  rate: [100],
  entitlement: [354, 10089, 10090, 10167, 10168, 10186, 10197, 2152],
  request: [200, 101, 102, 309, 10190, 316, 317, 420],
  history: [162, 165, 10225],
  orderRejected: [201, 203, 103, 106, 107, 109, 110, 111, 321, 382, 383, 388, 434, 463, 2161, 10243, 10247, 10311],
  cancelRejected: [135, 161, 10147, 10148, 10149],
  orderCancelled: [202],
  orderNote: [399, 404, 492, 2109, 2148, 10349],
};

const CLASS_OF: ReadonlyMap<number, CodeClass> = new Map(
  Object.entries(TABLE).flatMap(([name, codes]) => codes.map((code) => [code, name as CodeClass] as const)),
);

/** A warning in words outranks its number: the order stays as it is. An unlisted code is never taken for an end. */
export function classOf(code: number, text: string): CodeClass {
  if (text.includes("Warning:")) return "orderNote";
  return CLASS_OF.get(code) ?? "unknown";
}

/** Entitlement codes after which the stream goes on, in another quality. */
export function keepsStream(code: number): boolean {
  return code === 10089 || code === 10090 || code === 10167;
}

/** `Market data farm connection is OK:usfarm` -> `usfarm`. */
export function farmOf(message: string): string {
  return message.slice(message.lastIndexOf(":") + 1).trim();
}
