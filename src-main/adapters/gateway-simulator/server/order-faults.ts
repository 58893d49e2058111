/** What becomes of an acknowledgement: openOrder and orderStatus of an order that is not over. */
export type Acknowledgement = "now" | "lost" | { readonly lateMs: number };

/** Faults of order reports, as the order desk asks for them. */
export class OrderFaults {
  /** Every orderStatus is sent twice. */
  isStatusDuplicated = false;
  private planned: { fate: Acknowledgement; orders: number } | undefined;
  private readonly fates = new Map<string, Acknowledgement>();

  /** The acknowledgements of the next `orders` new orders are late or lost. Executions come all the same. */
  plan(fate: Acknowledgement, orders: number): void {
    this.planned = { fate, orders };
  }

  onNewOrder(clientId: number, orderId: number): void {
    if (this.planned === undefined || this.planned.orders <= 0) return;
    this.planned.orders -= 1;
    this.fates.set(`${clientId}:${orderId}`, this.planned.fate);
  }

  acknowledgementOf(clientId: number, orderId: number): Acknowledgement {
    return this.fates.get(`${clientId}:${orderId}`) ?? "now";
  }
}
