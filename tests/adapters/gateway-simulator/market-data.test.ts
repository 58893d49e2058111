import { describe, expect, test } from "vitest";
import type { Frame } from "#adapters/gateway-simulator/codec/frame.ts";
import { MINUTE, SECOND } from "#shared/lib/time.ts";
import { historyRequest, marketDataRequest, readyClient, stockFields } from "./raw-client.ts";
import { generatedMarket, quote, SESSION, START, scriptedMarket, trade } from "./scripted-market.ts";
import { type Fields, pick, stepper } from "./stepper.ts";

const subscribe = (requestId: number, symbol = "AAPL", ticks = "", snapshot = 0): Frame =>
  marketDataRequest(requestId, { symbol, ticks, snapshot });
const history = historyRequest;

const bar = (start: number, open: number, high: number, low: number, close: number, volume: number) => ({
  start,
  open,
  high,
  low,
  close,
  volume,
});

describe.each([178, 193])("at server version %i", (version) => {
  test("a subscription is told its type, then quotes, prints with their size, and the day's figures as they are made", async () => {
    const source = scriptedMarket({
      quotes: [quote(1, 99.98, 100), quote(2, 99.98, 100, 700), quote(3, 99.98, 100, 700), quote(900, 99, 100)],
      trades: [trade(4, 100, 30), trade(5, 99, 20), trade(6, 99.5, 50)],
      daily: [bar(SESSION.open - 86_400 * SECOND, 90, 98, 89, 97, 1_000)],
    });
    const market = await stepper(source, {}, version);
    const opened = await market.ask(subscribe(1_000_000_001, "AAPL", "233"));
    expect(opened).toEqual([
      ["58", "1", "1000000001", "1"],
      ["45", "6", "1000000001", "49", "0"],
      ["1", "6", "1000000001", "9", "97", "0", "0"],
    ]);
    const seen = await market.until(START + 3 * SECOND);
    const of = (frames: readonly Fields[]) =>
      frames.map((fields) => [fields[0], ...fields.slice(3, 6)].join(" ").trim());
    expect(of(seen)).toEqual([
      "1 1 99.98 10000",
      "1 2 100 10000",
      "2 0 700",
      "2 3 700",
      // A quote that is told again is told whole: it shows that the feed lives.
      "1 1 99.98 700",
      "1 2 100 700",
    ]);
    const first = await market.until(START + 4 * SECOND);
    expect(of(first).slice(0, 7)).toEqual([
      "1 4 100 30",
      "2 5 30",
      "2 8 30",
      `46 45 ${(START + 4 * SECOND) / SECOND}`,
      "1 14 100 0",
      "1 6 100 0",
      "1 7 100 0",
    ]);
    expect(pick(first, 46, 3, 4)).toContainEqual(["48", `100;30;${(START + 4 * SECOND) / 1_000};30;100.0000;true`]);
    const second = await market.until(START + 6 * SECOND);
    expect(pick(second, 1, 3, 4)).toEqual([
      ["4", "99"],
      ["7", "99"],
      ["4", "99.5"],
    ]);
    expect(pick(second, 2, 3, 4).filter(([type]) => type === "8")).toEqual([
      ["8", "50"],
      ["8", "100"],
    ]);
    await market.ask([2, 2, 1_000_000_001]);
    expect((await market.until(START + 899 * SECOND)).filter(([id]) => id === "1")).toEqual([]);
  });

  test("bars of a day: those that are over, as epoch or as New York time, with their zone", async () => {
    const minutes = [0, 1, 2, 3, 4, 5, 6].map((minute) =>
      bar(START + (minute - 7) * MINUTE, 100 + minute, 101 + minute, 99 + minute, 100.5 + minute, 10),
    );
    const market = await stepper(scriptedMarket({ history: minutes, quotes: [quote(900, 1, 2)] }), {}, version);
    const [all] = await market.ask(history(1, { duration: "1 D" }));
    expect(all?.slice(0, 5)).toEqual(["17", "1", "20261124 09:30:00", "20261124 09:59:59", "6"]);
    // The minute that began at 09:59 is not over a second before ten.
    expect(all?.slice(-8)).toEqual([
      String((START - 2 * MINUTE) / SECOND),
      "105",
      "106",
      "104",
      "105.5",
      "10",
      "105.125",
      "4",
    ]);
    const [text] = await market.ask(history(2, { duration: "180 S", format: 1 }));
    expect([text?.[4], text?.[5]]).toEqual(["2", "20261124 09:57:00 US/Eastern"]);
    const [ended] = await market.ask(history(3, { end: "20261124-14:56:00" }));
    expect(ended?.[4]).toBe("3");
    const [five] = await market.ask(history(4, { size: "3 mins" }));
    // 09:54 to 09:57 is whole; 09:51 holds its one minute; 09:57 is not over.
    expect(five?.slice(4, 13)).toEqual([
      "2",
      String((START - 9 * MINUTE) / SECOND),
      "100",
      "101",
      "99",
      "100.5",
      "10",
      "100.125",
      "4",
    ]);
  });
});

test("who begins in the middle of a day is told what was traded since its open, and no more", async () => {
  const history = [bar(SESSION.open, 95, 97, 94, 96, 100), bar(SESSION.open + MINUTE, 96, 103, 96, 99, 50)];
  const yesterday = bar(SESSION.open - MINUTE, 1, 500, 1, 1, 9_999);
  const market = await stepper(
    scriptedMarket({
      history: [yesterday, ...history],
      quotes: [quote(1, 99.98, 100), quote(9, 98, 99)],
      trades: [trade(2, 100, 7), trade(3, 104, 1)],
    }),
  );
  const opened = await market.ask(subscribe(1_000_000_001));
  expect(pick(opened, 1, 3, 4)).toEqual([
    ["14", "95"],
    ["6", "103"],
    ["7", "94"],
  ]);
  expect(pick(opened, 2, 3, 4)).toEqual([["8", "150"]]);
  const seen = await market.until(START + 4 * SECOND);
  expect(pick(seen, 2, 3, 4).filter(([type]) => type === "8")).toEqual([
    ["8", "157"],
    ["8", "158"],
  ]);
  expect(pick(seen, 1, 3, 4).filter(([type]) => type === "6" || type === "7")).toEqual([["6", "104"]]);
});

test("a snapshot tells what stands and ends; nothing follows", async () => {
  const market = await stepper(
    scriptedMarket({ quotes: [quote(1, 99.98, 100), quote(9, 98, 99)], trades: [trade(2, 100)] }),
  );
  await market.until(START + 3 * SECOND);
  const share = await market.ask(subscribe(1_000_000_001, "AAPL", "", 1));
  expect(share[0]).toEqual(["58", "1", "1000000001", "1"]);
  expect(pick(share, 1, 3, 4)).toContainEqual(["1", "99.98"]);
  expect(share.at(-1)).toEqual(["57", "1", "1000000001"]);
  expect(await market.until(START + 10 * SECOND)).toEqual([]);
});

test("an unknown contract answers 200, and the hundred and first line 101", async () => {
  const market = await stepper(scriptedMarket({ quotes: [quote(3_600, 1, 2)] }));
  expect(pick(await market.ask(subscribe(5, "NONE")), 4, 2, 3)).toEqual([["5", "200"]]);
  for (let line = 0; line < 100; line += 1) {
    await market.ask(subscribe(1_000 + line));
    if (line % 40 === 39) await market.until(market.simulator.now() + SECOND);
  }
  expect(pick(await market.ask(subscribe(2_000)), 4, 2, 3)).toEqual([["2000", "101"]]);
  await market.ask([2, 2, 1_005]);
  expect(pick(await market.ask(subscribe(2_001)), 58, 2)).toEqual([["2001"]]);
});

test("lines of a client that is gone are free again", async () => {
  const market = await stepper(scriptedMarket({ quotes: [quote(3_600, 1, 2)] }));
  const other = await readyClient(market.simulator.port, 13);
  for (let line = 0; line < 45; line += 1) other.send(...subscribe(line));
  await other.frame(([id, , request]) => id === "58" && request === "44");
  for (let line = 0; line < 55; line += 1) {
    await market.ask(subscribe(1_000 + line));
    if (line % 40 === 39) await market.until(market.simulator.now() + SECOND);
  }
  expect(pick(await market.ask(subscribe(2_000)), 4, 3)).toEqual([["101"]]);
  other.socket.destroy();
  while (market.simulator.audit.frames().length > 0 && pick(await market.ask(subscribe(2_001)), 58, 2).length === 0) {
    await market.until(market.simulator.now() + SECOND);
  }
});

test("a contract answers with its price bands' rule, hours and exchanges; the rule with its bands; samples by symbol and name", async () => {
  const market = await stepper(generatedMarket(1));
  const [details, end] = await market.ask([9, 8, 7, ...stockFields(), 0, "", "", ""]);
  expect(details).toContain("SMART,NASDAQ");
  expect(details).toContain("26,26");
  expect(details?.join()).toContain(
    "20261124:0930-20261124:1600;20261125:0930-20261125:1600;20261126:CLOSED;20261127:0930-20261127:1300",
  );
  expect(end).toEqual(["52", "1", "7"]);
  const conId = details?.[13] ?? "";
  const [byId] = await market.ask([9, 8, 8, conId, "", "", "", "", "", "", "", "", "", "", "", 0, "", "", ""]);
  expect(byId?.slice(2)).toEqual(details?.slice(2));
  expect(await market.ask([91, 26])).toEqual([["93", "26", "2", "0", "0.0001", "1", "0.01"]]);
  expect(pick(await market.ask([91, 99]), 4, 3)).toEqual([["321"]]);
  const [samples] = await market.ask([81, 9, "nv"]);
  expect(samples?.slice(0, 5)).toEqual(["79", "9", "1", "100002", "NVDA"]);
  expect(
    pick(await market.ask([9, 8, 10, 0, "NONE", "STK", "", "", "", "", "", "", "", "", "", 0, "", "", ""]), 4, 2, 3),
  ).toEqual([["10", "200"]]);
});

test.each(["5 mins", "10 mins"])(
  "a request that begins in the middle of a bar of %s is answered with whole bars",
  async (size) => {
    const minutes = Array.from({ length: 20 }, (_, minute) =>
      bar(START + (minute - 20) * MINUTE, 100, 101, 99, 100, 10),
    );
    const market = await stepper(scriptedMarket({ history: minutes, quotes: [quote(1, 1, 2), quote(900, 1, 2)] }));
    await market.until(START + SECOND);
    const [five] = await market.ask(history(1, { size, duration: "1080 S", end: "20261124-15:00:00" }));
    const rows = Number(five?.[4]);
    const volumes = Array.from({ length: rows }, (_, row) => Number(five?.[10 + 8 * row]));
    expect(new Set(volumes)).toEqual(new Set([10 * Number.parseInt(size, 10)]));
  },
);

test("what is not there answers 162 with no data; a size, duration or end that is none 321; an unknown symbol 200", async () => {
  const market = await stepper(scriptedMarket({ quotes: [quote(900, 1, 2)] }));
  const refused = async (request: Readonly<Record<string, string | number>>) =>
    pick(await market.ask(history(9, request)), 4, 2, 3, 4).map((fields) => fields.join(" "))[0];
  expect(await refused({})).toMatch(/^9 162 .*HMDS query returned no data: AAPL@SMART Trades/);
  expect(await refused({ what: "BID" })).toMatch(/^9 162 .*no data/);
  expect(await refused({ size: "7 mins" })).toMatch(/^9 321 /);
  expect(await refused({ duration: "1 X" })).toMatch(/^9 321 /);
  expect(await refused({ end: "yesterday" })).toMatch(/^9 321 /);
  expect(await refused({ end: "20261124-14:00:00", keep: 1 })).toMatch(/^9 321 /);
  expect(await refused({ symbol: "NONE" })).toMatch(/^9 200 /);
});

test("daily bars are served after their close only, from the folder beside the market when there is one", async () => {
  const days = [3, 2, 1].map((back) => bar(SESSION.open - back * 86_400 * SECOND, 1, 2, 1, back, 7));
  const today = bar(SESSION.open, 1, 2, 1, 99, 7);
  const dailyBars = { dailyBars: () => [...days, today] };
  const market = await stepper(scriptedMarket({ quotes: [quote(1, 1, 2)] }), { dailyBars });
  const [bars] = await market.ask(history(3, { size: "1 day", duration: "5 D" }));
  // A Tuesday: the day before is a Monday, the two before that are no trading days but are in the file.
  expect(bars?.[4]).not.toBe("0");
  expect(bars?.join()).toContain("20261123");
  expect(bars?.join()).not.toContain("20261124,1,2,1,99");
});

test("a kept request grows with every print and ends each bar exactly as it was recorded", async () => {
  const trades = [
    trade(0, 100, 10),
    trade(15, 103, 20),
    trade(30, 98, 30),
    trade(59, 101, 40),
    trade(60, 101.5, 5),
    trade(75, 99, 5),
  ];
  const market = await stepper(scriptedMarket({ trades, quotes: [quote(300, 1, 2)] }));
  await market.ask(history(4, { keep: 1 }), history(5, { keep: 1, size: "5 mins" }));
  const frames = await market.until(START + 59 * SECOND);
  // 90: request, count, date, open, CLOSE, HIGH, LOW, average, volume.
  expect(pick(frames, 90, 1, 4, 5, 6, 7, 9).filter(([request]) => request === "4")).toEqual([
    ["4", "100", "100", "100", "100", "10"],
    ["4", "100", "103", "103", "100", "30"],
    ["4", "100", "98", "103", "98", "60"],
    ["4", "100", "101", "103", "98", "100"],
  ]);
  const next = await market.until(START + 60 * SECOND);
  expect(pick(next, 90, 1, 3, 4, 5, 6, 7, 9)).toEqual([
    // Completed bars first, then the print that opens the next one.
    ["4", String(START / SECOND), "100", "101", "103", "98", "100"],
    ["5", String(START / SECOND), "100", "101", "103", "98", "100"],
    ["4", String((START + MINUTE) / SECOND), "101.5", "101.5", "101.5", "101.5", "5"],
    ["5", String(START / SECOND), "100", "101.5", "103", "98", "105"],
  ]);
  await market.ask([25, 1, 4], [25, 1, 5]);
  expect(pick(await market.until(START + 80 * SECOND), 90, 1)).toEqual([]);
});

test("who subscribes in the middle of a bar sees all of it with the next print", async () => {
  const market = await stepper(
    scriptedMarket({ trades: [trade(0, 100, 10), trade(70, 105, 20), trade(90, 104, 1)], quotes: [quote(300, 1, 2)] }),
  );
  await market.until(START + 75 * SECOND);
  await market.ask(history(4, { keep: 1 }), history(5, { keep: 1, size: "5 mins" }));
  const frames = await market.until(START + 90 * SECOND);
  expect(pick(frames, 90, 1, 3, 4, 5, 6, 7, 9)).toEqual([
    ["4", String((START + MINUTE) / SECOND), "105", "104", "105", "104", "21"],
    ["5", String(START / SECOND), "100", "104", "105", "100", "31"],
  ]);
});

test("nothing of a recorded market is shown before its instant", async () => {
  const market = await stepper(generatedMarket("early", 2));
  await market.ask(subscribe(1), subscribe(2, "NVDA"), history(3, { keep: 1 }));
  for (let step = 0; step < 300; step += 1) {
    const now = market.simulator.now();
    for (const [, , , type, text] of pick(await market.step(), 46, 0, 1, 2, 3, 4)) {
      if (type === "45") expect(Number(text) * SECOND).toBeLessThanOrEqual(market.simulator.now());
    }
    expect(market.simulator.now() - now).toBeLessThanOrEqual(SECOND);
  }
});
