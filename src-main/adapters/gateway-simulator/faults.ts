import type { Connection } from "./connection.ts";

/** Faults that can be played on a running simulator, by hand or by script. */
export class Faults {
  private readonly clients: () => readonly Connection[];
  /** Each orderStatus is sent twice. */
  duplicateStatus = false;
  /** Milliseconds of wall time by which acknowledgements (openOrder, orderStatus) come late; Infinity loses them. */
  acknowledgeDelayMs = 0;

  constructor(clients: () => readonly Connection[]) {
    this.clients = clients;
  }

  /** Ends connections cleanly. */
  closeLink(clientId?: number): void {
    for (const connection of this.chosen(clientId)) connection.socket.end();
  }

  /** Ends connections at once, in the middle of a frame. */
  resetInFrame(clientId?: number): void {
    for (const connection of this.chosen(clientId)) {
      connection.raw(Buffer.from([0, 0, 0, 40, 52, 0, 50]));
      connection.socket.resetAndDestroy();
    }
  }

  /** The socket stays open and says nothing any more. */
  silence(isSilent: boolean, clientId?: number): void {
    for (const connection of this.chosen(clientId)) connection.isSilent = isSilent;
  }

  /** A message of the system, e.g. 1100, 1101, 1102, 2103, 2104. */
  systemMessage(code: number, text: string): void {
    for (const connection of this.clients()) connection.error(-1, code, text);
  }

  /** Arbitrary bytes into the stream. */
  bytes(bytes: Buffer, clientId?: number): void {
    for (const connection of this.chosen(clientId)) connection.raw(bytes);
  }

  /** Every answer waits this long on its way out. */
  latency(milliseconds: number): void {
    for (const connection of this.clients()) connection.latencyMs = milliseconds;
  }

  /** Sends an acknowledgement as the faults will have it: now, late or never. */
  acknowledge(send: () => void): void {
    if (this.acknowledgeDelayMs === 0) send();
    else if (Number.isFinite(this.acknowledgeDelayMs)) setTimeout(send, this.acknowledgeDelayMs);
  }

  private chosen(clientId: number | undefined): readonly Connection[] {
    return this.clients().filter((connection) => clientId === undefined || connection.clientId === clientId);
  }
}
