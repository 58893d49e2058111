import type { Frame } from "./frame.ts";

/** An error or, with id -1, a message of the system. */
export function errorMessage(id: number, code: number, text: string, version: number): Frame {
  // The field behind the text carries JSON or nothing; anything else ends the client's process.
  return version >= 166 ? [4, 2, id, code, text, ""] : [4, 2, id, code, text];
}

export function managedAccounts(accountIds: readonly string[]): Frame {
  return [15, 1, accountIds.join(",")];
}

export function nextValidId(orderId: number): Frame {
  return [9, 1, orderId];
}

/** To a plain client the time in epoch seconds; as a step marker in integer microseconds. */
export function currentTime(time: number): Frame {
  return [49, 1, time];
}
