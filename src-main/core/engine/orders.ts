import { isTerminal, type Order } from "#shared/model/order.ts";

/** Every order of the account by its orderRef, and what follows from them: which may still fill, intents used, families. */
export class Orders {
  private readonly byRef = new Map<string, Order>();
  private readonly mayFill = new Set<string>();
  private readonly intents = new Set<string>();
  /** orderRefs of the children of each entry. */
  private readonly children = new Map<string, string[]>();

  get(orderRef: string): Order | undefined {
    return this.byRef.get(orderRef);
  }

  has(orderRef: string): boolean {
    return this.byRef.has(orderRef);
  }

  values(): IterableIterator<Order> {
    return this.byRef.values();
  }

  put(order: Order): void {
    const { parentRef, orderRef } = order;
    if (parentRef !== undefined && !this.byRef.has(orderRef)) {
      this.children.set(parentRef, [...(this.children.get(parentRef) ?? []), orderRef]);
    }
    this.byRef.set(orderRef, order);
    this.intents.add(order.intentId);
    if (isTerminal(order.status)) this.mayFill.delete(orderRef);
    else this.mayFill.add(orderRef);
  }

  /** Takes the place of everything known; through the one door, so that all else follows from the orders. */
  restore(orders: readonly Order[]): void {
    this.byRef.clear();
    this.mayFill.clear();
    this.intents.clear();
    this.children.clear();
    for (const order of orders) this.put(order);
  }

  hasIntent(intentId: string): boolean {
    return this.intents.has(intentId);
  }

  /** Orders that may still fill, oldest first. */
  open(): readonly Order[] {
    return [...this.mayFill].flatMap((orderRef) => this.byRef.get(orderRef) ?? []);
  }

  childrenOf(parentRef: string): readonly Order[] {
    return (this.children.get(parentRef) ?? []).flatMap((orderRef) => this.byRef.get(orderRef) ?? []);
  }

  /** Shares that the children of an entry have closed, whichever of them. */
  closedBy(parentRef: string): number {
    return this.childrenOf(parentRef).reduce((sum, child) => sum + child.filledQuantity, 0);
  }
}
