import type { AllocateOrderIds } from "#runtime/ports.ts";

const BLOCK = 50;

/**
 * Ids come in blocks that are on disk before the first of them is used; what is left of a block is burnt by a restart. So
 * an order rarely waits for a second write of the disk.
 */
export class OrderIds {
  private readonly allocate: AllocateOrderIds;
  private next = 0;
  private blockEnd = 0;

  constructor(allocate: AllocateOrderIds) {
    this.allocate = allocate;
  }

  /** The first of `count` consecutive ids, all of them `atLeast` or above, never handed out before. */
  async take(clientId: number, atLeast: number, count: number): Promise<number> {
    const next = Math.max(this.next, atLeast);
    if (next + count <= this.blockEnd) {
      this.next = next + count;
      return next;
    }
    const first = await this.allocate(clientId, Math.max(atLeast, this.blockEnd), BLOCK);
    this.next = first + count;
    this.blockEnd = first + BLOCK;
    return first;
  }
}
