import type { Micros } from "#shared/lib/time.ts";
import type { OrderRole, OrderTerms } from "#shared/model/order.ts";

declare const approved: unique symbol;

/** An order that passed every control. Only this file can make one, and only this type can be sent. */
export type ApprovedOrder = OrderTerms & {
  readonly [approved]: true;
  readonly orderRef: string;
  readonly intentId: string;
  readonly role: OrderRole;
  /** orderRef of the entry whose child this is. */
  readonly parentRef?: string;
  /** Children of one entry cancel each other (type 1, with block). */
  readonly ocaGroup?: string;
  /** Not a byte leaves after this instant. */
  readonly expiresAt: Micros;
};
