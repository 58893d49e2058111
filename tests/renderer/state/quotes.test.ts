import { beforeEach, describe, expect, test } from "vitest";
import { QuoteBoard } from "#renderer/state/quotes.ts";

const quote = (symbol: string, last: number) => ({ symbol, last, flags: [] });

let frames: (() => void)[];
let board: QuoteBoard;
let told: string[];

/** Lets the page draw: everything that waits for the next animation frame happens. */
function draw(): void {
  for (const frame of frames.splice(0)) frame();
}

beforeEach(() => {
  frames = [];
  told = [];
  board = new QuoteBoard((flush) => frames.push(flush));
});

describe("the quote board", () => {
  test("shows the newest row at once and tells the cell at the next frame, once", () => {
    board.subscribe("AAPL", () => told.push("AAPL"));
    for (const last of [1, 2, 3]) board.update([quote("AAPL", last)]);
    expect(board.row("AAPL")?.last).toBe(3);
    expect([told, frames.length]).toEqual([[], 1]);
    draw();
    expect(told).toEqual(["AAPL"]);
  });

  test("tells a cell only when its own symbol changed", () => {
    board.subscribe("AAPL", () => told.push("AAPL"));
    board.subscribe("MSFT", () => told.push("MSFT"));
    board.update([quote("AAPL", 1), quote("MSFT", 1)]);
    draw();
    board.update([quote("MSFT", 2)]);
    draw();
    expect(told).toEqual(["AAPL", "MSFT", "MSFT"]);
  });

  test("asks for a new frame after each one drawn, and for none when nothing came", () => {
    board.update([quote("AAPL", 1)]);
    draw();
    expect(frames).toHaveLength(0);
    board.update([quote("AAPL", 2)]);
    expect(frames).toHaveLength(1);
  });

  test("tells nobody who has left, and goes on telling the others", () => {
    const stop = board.subscribe("AAPL", () => told.push("left"));
    board.subscribe("AAPL", () => told.push("stays"));
    stop();
    board.update([quote("AAPL", 1)]);
    draw();
    expect(told).toEqual(["stays"]);
  });

  test("a symbol without a quote is unknown, not empty", () => {
    expect(board.row("AAPL")).toBeUndefined();
    expect(board.list()).toEqual([]);
  });
});

describe("the list of symbols", () => {
  test("is in the order of the first quotes and does not jump when they change", () => {
    board.update([quote("MSFT", 1), quote("AAPL", 1)]);
    board.update([quote("AAPL", 2), quote("NVDA", 1), quote("MSFT", 2)]);
    expect(board.list()).toEqual(["MSFT", "AAPL", "NVDA"]);
  });

  test("is the same list while no symbol is added, so that React does not draw it again", () => {
    board.update([quote("MSFT", 1)]);
    const list = board.list();
    board.update([quote("MSFT", 2)]);
    expect(board.list()).toBe(list);
    board.update([quote("AAPL", 1)]);
    expect(board.list()).not.toBe(list);
    expect(list).toEqual(["MSFT"]);
  });

  test("is told to those who watch it until they leave", () => {
    const stop = board.subscribeList(() => told.push("list"));
    board.update([quote("MSFT", 1)]);
    draw();
    stop();
    board.update([quote("AAPL", 1)]);
    draw();
    expect(told).toEqual(["list"]);
  });
});

test("a snapshot replaces the board: what another host watched is gone, what stays keeps its listeners", () => {
  board.update([quote("MSFT", 1), quote("AAPL", 1)]);
  board.subscribe("AAPL", () => told.push("AAPL"));
  draw();
  board.replace([quote("TSLA", 3), quote("AAPL", 2)]);
  draw();
  expect(board.list()).toEqual(["TSLA", "AAPL"]);
  expect([board.row("MSFT"), board.row("AAPL")?.last]).toEqual([undefined, 2]);
  expect(told).toContain("AAPL");
});
