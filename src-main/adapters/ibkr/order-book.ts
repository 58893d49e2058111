import type { OrderReport } from "#shared/model/broker.ts";
import type { CodeClass } from "./error-codes.ts";
import { reportOfStatus } from "./orders.ts";

type Numbers = { readonly wireId?: number | undefined; readonly permId?: number | undefined };

/**
 * Which of the broker's numbers belong to which of our orders. Identity is orderRef and permId; a wire id alone may have
 * been issued again after a roll-back, so it is believed only where no permId speaks.
 */
export class OrderBook {
  private readonly wireIds = new Map<string, number>();
  private readonly refByWireId = new Map<number, string>();
  private readonly refByPermId = new Map<number, string>();
  private readonly told = new Map<string, OrderReport["kind"]>();
  highestWireId = 0;

  bind(orderRef: string, { wireId, permId }: Numbers): void {
    if (wireId !== undefined && wireId > 0) {
      this.wireIds.set(orderRef, wireId);
      this.refByWireId.set(wireId, orderRef);
      this.see(wireId);
    }
    if (permId !== undefined && permId > 0) this.refByPermId.set(permId, orderRef);
  }

  /** Any id that anybody used raises the floor of the next one. */
  see(wireId: number): void {
    if (wireId > this.highestWireId && wireId < 1_000_000_000) this.highestWireId = wireId;
  }

  wireIdOf(orderRef: string): number | undefined {
    return this.wireIds.get(orderRef);
  }

  refOf({ wireId, permId }: Numbers): string | undefined {
    if (permId !== undefined && permId > 0) {
      const known = this.refByPermId.get(permId);
      if (known !== undefined) return known;
    }
    return wireId === undefined ? undefined : this.refByWireId.get(wireId);
  }

  /** A report for a status that is news; servers repeat themselves. */
  onStatus(orderRef: string, status: string, permId: number | undefined): OrderReport | undefined {
    this.bind(orderRef, { permId });
    const kind = reportOfStatus(status);
    if (kind === undefined || this.told.get(orderRef) === kind) return undefined;
    this.told.set(orderRef, kind);
    return { kind, orderRef, text: status, ...(permId === undefined ? {} : { permId }) };
  }

  onError(orderRef: string, code: number, text: string, meaning: CodeClass): OrderReport | undefined {
    const report = (kind: OrderReport["kind"]): OrderReport => ({ kind, orderRef, code, text: `${code}: ${text}` });
    switch (meaning) {
      case "orderRejected":
        return report("rejected");
      case "cancelRejected":
        return report("cancelRejected");
      // The status says so too; whichever comes first is told.
      case "orderCancelled":
        if (this.told.get(orderRef) === "cancelled") return undefined;
        this.told.set(orderRef, "cancelled");
        return report("cancelled");
      case "orderNote":
      case "benign":
        return report("note");
      default:
        return report("unrecognised");
    }
  }
}
