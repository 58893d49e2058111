import { MINUTE, type Micros } from "#shared/lib/time.ts";

/** Messages of orders and fills: one that was not read to its end may be a fill that nobody heard of. */
const OF_ORDERS =
  /^(?:Decoding|Underrun) error on (?:ORDER_STATUS|ERR_MSG|OPEN_ORDER|EXECUTION_DATA|COMMISSION_REPORT|COMPLETED_ORDER)\b/;
const OF_DECODER = /^(?:Decoding error on |Underrun error on |No parser implementation)/;
const TOO_MANY = 3;

/** What the decoder could not read on one connection, and when that connection cannot be trusted any more. */
export class DecodeComplaints {
  private times: Micros[] = [];

  /** True when the connection is tainted: by a message of orders, or by the third complaint in a minute. */
  note(message: string, now: Micros): boolean {
    // The server answers with the same code what it does not serve; that says nothing of the stream.
    if (!OF_DECODER.test(message)) return false;
    this.times = [...this.times.filter((time) => time > now - MINUTE), now];
    const isTainted = OF_ORDERS.test(message) || this.times.length >= TOO_MANY;
    if (isTainted) this.times = [];
    return isTainted;
  }
}
