import { beforeEach, describe, expect, test } from "vitest";
import { Session, type Surroundings } from "#renderer/session.ts";
import type { Link } from "#renderer/state/store.ts";
import type { Client } from "#shared/rpc/client.ts";
import { createPortPair } from "#shared/rpc/pair.ts";
import type { Port } from "#shared/rpc/port.ts";
import { serve } from "#shared/rpc/server.ts";
import { quoteRow, StubHost, turn } from "#tests/shared/rpc/rig.ts";

type Wire = { readonly onClosed: () => void; isGivenUp: boolean };

/** A page whose time the test moves, and hosts that answer or do not. */
class Page implements Surroundings {
  readonly links: Link[] = [];
  readonly clients: Client[] = [];
  readonly wires: Wire[] = [];
  readonly frames: (() => void)[] = [];
  readonly host = new StubHost();
  private readonly timers = new Set<{ readonly at: number; readonly action: () => void }>();
  private nowMs = 0;
  refused: string | undefined;
  isServing = true;
  isSilent = false;
  isAccepting = true;
  readonly session = new Session(this, {
    onLink: (link) => this.links.push(link),
    onOpen: (client) => this.clients.push(client),
  });

  open(onPort: (port: Port) => void, onClosed: () => void): () => void {
    const [near, far] = createPortPair();
    const wire: Wire = { onClosed, isGivenUp: false };
    this.wires.push(wire);
    const mute: Port = { ...far, send: (frame) => !this.isSilent && far.send(frame) };
    if (this.isServing) serve(mute, this.host, () => this.nowMs);
    if (this.isAccepting) onPort(near);
    return () => {
      wire.isGivenUp = true;
      onClosed();
    };
  }

  async refusal(): Promise<string | undefined> {
    return this.refused;
  }

  wallMs(): number {
    return this.nowMs;
  }

  after(milliseconds: number, action: () => void): () => void {
    const timer = { at: this.nowMs + milliseconds, action };
    this.timers.add(timer);
    return () => this.timers.delete(timer);
  }

  nextFrame(action: () => void): void {
    this.frames.push(action);
  }

  async pass(milliseconds: number): Promise<void> {
    const end = this.nowMs + milliseconds;
    await turn();
    for (;;) {
      const due = [...this.timers].filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
      if (due === undefined) break;
      this.timers.delete(due);
      this.nowMs = Math.max(this.nowMs, due.at);
      due.action();
      await turn();
    }
    this.nowMs = end;
  }

  async connected(): Promise<void> {
    this.session.connect();
    await this.pass(0);
  }

  kinds(): readonly string[] {
    return this.links.map(({ kind }) => kind);
  }
}

let page: Page;
beforeEach(() => {
  page = new Page();
});

describe("the page's connection", () => {
  test("is open once the host has welcomed it, and not before", async () => {
    page.isServing = false;
    await page.connected();
    expect(page.session.client()).toBeUndefined();
    page = new Page();
    await page.connected();
    expect(page.kinds()).toEqual(["connecting", "open"]);
    expect(page.session.client()).toBe(page.clients[0]);
  });

  test("stays open while pings are answered; a host that falls silent is lost within seconds, and tried again", async () => {
    await page.connected();
    await page.pass(60_000);
    expect(page.kinds()).toEqual(["connecting", "open"]);
    page.isSilent = true;
    await page.pass(7_600);
    expect(page.links.at(-1)).toMatchObject({ kind: "lost", reason: "the host does not answer" });
    expect(page.session.client()).toBeUndefined();
  });

  test("is not lost by a page that was busy itself: the answers that wait are read before the host is judged", async () => {
    await page.connected();
    page.isSilent = true;
    // The page does nothing for long; the timer is due before the answer that has come meanwhile is read.
    await page.pass(6_500);
    page.isSilent = false;
    page.clients[0]?.ping();
    await page.pass(60_000);
    expect(page.kinds()).toEqual(["connecting", "open"]);
  });

  test("gives an attempt that nobody answers an end", async () => {
    page.isAccepting = false;
    await page.connected();
    await page.pass(10_000);
    expect(page.links.at(-1)?.kind).toBe("lost");
    expect(page.wires[0]?.isGivenUp).toBe(true);
    page.isAccepting = true;
    await page.pass(250);
    expect(page.links.at(-1)?.kind).toBe("open");
  });

  test("has one wire, however often it is told to try now", async () => {
    await page.connected();
    page.wires[0]?.onClosed();
    page.session.connect();
    page.session.connect();
    await page.pass(10_000);
    expect(page.wires).toHaveLength(2);
    expect(page.clients).toHaveLength(2);
    page.wires[0]?.onClosed();
    expect(page.links.at(-1)?.kind).toBe("open");
  });

  test("answers every open request when it is lost, and sends none again", async () => {
    page.host.answer = () => new Promise(() => undefined);
    await page.connected();
    const asked = page.session.client()?.request("bars", { symbol: "AAPL", timeframe: "1m", count: 1 });
    const said = expect(asked).rejects.toThrow();
    await page.pass(0);
    page.wires[0]?.onClosed();
    await said;
    await page.pass(1_000);
    expect(page.clients).toHaveLength(2);
    expect(page.host.asked).toHaveLength(1);
  });

  test("gives the credit of each connection back to that one: none starves after a reconnect", async () => {
    await page.connected();
    page.clients[0]?.subscribe("quotes", () => undefined);
    await page.pass(0);
    page.host.emit("quotes", -1, quoteRow("AAPL", 1));
    await page.pass(0);
    // The old page's frame has not been drawn when the new connection gets its own.
    page.wires[0]?.onClosed();
    await page.pass(250);
    const seen: number[] = [];
    page.clients[1]?.subscribe("quotes", (rows) => seen.push(...rows.map(({ last }) => last ?? 0)));
    await page.pass(0);
    for (let last = 2; last < 8; last += 1) {
      page.host.emit("quotes", -1, quoteRow("AAPL", last));
      await page.pass(0);
      for (const frame of page.frames.splice(0)) frame();
      await page.pass(0);
    }
    expect(seen).toEqual([2, 3, 4, 5, 6, 7]);
  });

  test("asks who has seen nothing to sign in, and keeps the picture of who has, until it is signed in again", async () => {
    page.refused = "not signed in";
    await page.connected();
    expect(page.kinds()).toEqual(["connecting", "login"]);
    page = new Page();
    await page.connected();
    page.refused = "not signed in";
    page.wires[0]?.onClosed();
    await page.pass(60_000);
    expect(page.links.at(-1)).toMatchObject({ kind: "lost", reason: "not signed in" });
    expect(page.wires).toHaveLength(1);
    page.refused = undefined;
    await page.pass(5_000);
    expect(page.links.at(-1)?.kind).toBe("open");
  });
});
