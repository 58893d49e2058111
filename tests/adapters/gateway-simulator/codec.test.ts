import { EventName } from "@stoqey/ib";
import fc from "fast-check";
import { expect, test } from "vitest";
import { encodeFrame, FrameError, FrameReader } from "#adapters/gateway-simulator/codec/frame.ts";
import { completedOrder, execDetails, openOrder } from "#adapters/gateway-simulator/codec/order-messages.ts";
import { contractDetails } from "#adapters/gateway-simulator/codec/reference-messages.ts";
import { COMPLETED, DETAILS, samples, WORKING } from "./codec-samples.ts";
import { connectLibrary } from "./library-client.ts";
import { scriptedServer } from "./scripted-server.ts";

const HELLO = Buffer.concat([Buffer.from("API\0"), Buffer.from([0, 0, 0, 9]), Buffer.from("v100..193")]);

const fill = {
  execId: "1",
  time: "",
  exchange: "",
  quantity: 1,
  price: 1,
  cumulativeQuantity: 1,
  averagePrice: 1,
};

test.each([
  { version: 157, open: 120, completed: 92, details: 41, execution: 31 },
  { version: 163, open: 123, completed: 92, details: 42, execution: 31 },
  { version: 176, open: 128, completed: 97, details: 42, execution: 31 },
  { version: 178, open: 127, completed: 96, details: 42, execution: 32 },
  { version: 185, open: 130, completed: 98, details: 43, execution: 32 },
  { version: 193, open: 133, completed: 98, details: 44, execution: 32 },
])("at $version the order and contract messages have their golden field counts", (golden) => {
  const { version } = golden;
  expect({
    version,
    open: openOrder(WORKING, version).length,
    completed: completedOrder(COMPLETED, version).length,
    // One pair of security ids.
    details: contractDetails(1, DETAILS, version).length,
    execution: execDetails(-1, WORKING, fill, version).length,
  }).toEqual(golden);
});

test.each([178, 193])(
  "at %i the library reads one of every message that is sent without a complaint",
  async (version) => {
    const server = await scriptedServer(version);
    const library = await connectLibrary(server.port, 10);
    const sent = samples(version);
    server.send(...sent);
    await library.until(EventName.pnlSingle, 2);
    expect(library.complaints).toEqual([]);
    expect(library.api.serverVersion).toBe(version);
    expect(library.of(EventName.currentTime)).toEqual([[1_381_152_600_123_456]]);
    expect(library.of(EventName.tickPrice)).toEqual([[1_000_000_001, 1, 184.99, false]]);
    expect(library.of(EventName.historicalData).at(0)).toEqual([
      1_000_000_002,
      "1384000000",
      10,
      14,
      9,
      12,
      500,
      7,
      11.25,
      undefined,
    ]);
    expect(library.of(EventName.historicalDataUpdate)).toEqual([
      [1_000_000_002, "1384000000", 10, 14, 9, 12, 500, 7, 11.25],
    ]);
    expect(library.of(EventName.marketRule)).toEqual([
      [
        26,
        [
          { lowEdge: 0, increment: 0.0001 },
          { lowEdge: 1, increment: 0.01 },
        ],
      ],
    ]);
    const names = new Set(library.emitted.map(({ event }) => event));
    // Every id that is sent has its event; 59 and the like are counted by name.
    const silent = [...ONE_EVENT_EACH].filter((event) => !names.has(event));
    expect(silent).toEqual([]);
  },
);

test.each([178, 193])("at %i every term of an order comes back as it was sent", async (version) => {
  const server = await scriptedServer(version);
  const library = await connectLibrary(server.port, 10);
  server.send(...samples(version));
  await library.until(EventName.pnlSingle, 2);
  const [plain, whatIf] = library.of(EventName.openOrder);
  const terms = {
    action: "SELL",
    totalQuantity: 300,
    orderType: "STP LMT",
    lmtPrice: 184.5,
    auxPrice: 185,
    tif: "GTC",
    ocaGroup: "1000006",
    account: "DUSIM0001",
    orderRef: "rt-1-S-41",
    permId: 1_000_007,
    outsideRth: true,
  };
  expect(plain).toMatchObject([
    41,
    { conId: 265598, symbol: "AAPL", exchange: "SMART", currency: "USD", tradingClass: "NMS" },
    { ...terms, clientId: 10, parentId: 40, whatIf: false, ocaType: 1, exemptCode: -1 },
    { status: "PreSubmitted", commission: undefined, initMarginChange: undefined },
  ]);
  expect(whatIf).toMatchObject([
    41,
    {},
    { whatIf: true },
    {
      initMarginBefore: 1000,
      initMarginChange: 250.5,
      initMarginAfter: 1250.5,
      maintMarginAfter: 1100,
      equityWithLoanAfter: 49_999,
      commission: 1,
      commissionCurrency: "USD",
    },
  ]);
  expect(library.of(EventName.completedOrder)).toMatchObject([
    [{ conId: 265598 }, { ...terms, filledQuantity: 300 }, { status: "Filled", completedStatus: "Filled Size: 300" }],
  ]);
  expect(library.of(EventName.orderStatus)).toEqual([
    [41, "PreSubmitted", 100, 200, 185, 1_000_007, 40, 185.25, 10, "", 0],
  ]);
  expect(library.of(EventName.commissionReport).map(([report]) => report)).toMatchObject([
    { commission: 1, currency: "USD", realizedPNL: undefined },
    { commission: 1.25, realizedPNL: -42.5 },
  ]);
});

test("a stream that is cut anywhere gives the same hello and frames", () => {
  const bytes = Buffer.concat([
    HELLO,
    encodeFrame([71, 2, 10, ""]),
    encodeFrame([49, 1]),
    encodeFrame([81, 7, "Zoë ☃"]),
  ]);
  const cuts = fc.array(fc.integer({ min: 0, max: bytes.length }), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, (places) => {
      const edges = [0, ...places.toSorted((a, b) => a - b), bytes.length];
      const reader = new FrameReader();
      const frames: (readonly string[])[] = [];
      let hello: unknown;
      edges.slice(1).forEach((edge, index) => {
        const taken = reader.push(bytes.subarray(edges[index], edge));
        hello ??= taken.hello;
        frames.push(...taken.frames);
      });
      expect(hello).toEqual({ lowest: 100, highest: 193, options: "" });
      expect(frames).toEqual([
        ["71", "2", "10", ""],
        ["49", "1"],
        ["81", "7", "Zoë ☃"],
      ]);
    }),
  );
});

test.each([
  { what: "zero", bytes: [0, 0, 0, 0] },
  { what: "negative", bytes: [0xff, 0xff, 0xff, 0xfc, 65] },
  { what: "beyond 16 MiB", bytes: [0x01, 0, 0, 0] },
])("a frame whose length is $what is refused at once", ({ bytes }) => {
  const reader = new FrameReader();
  reader.push(HELLO);
  expect(() => reader.push(Buffer.from(bytes))).toThrow(FrameError);
});

test("a frame without its last NUL, and a stream that does not begin with API, are refused", () => {
  const reader = new FrameReader();
  reader.push(HELLO);
  expect(() => reader.push(Buffer.from([0, 0, 0, 2, 49, 49]))).toThrow("not ended");
  expect(() => new FrameReader().push(Buffer.from("GET / HTTP/1.1"))).toThrow("not API");
});

test("random bytes never hang the reader: they are frames, wait for more, or are refused", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (noise) => {
      const reader = new FrameReader();
      reader.push(HELLO);
      try {
        reader.push(Buffer.from(noise));
      } catch (error) {
        expect(error).toBeInstanceOf(FrameError);
      }
    }),
    { numRuns: 2_000 },
  );
});

const ONE_EVENT_EACH: readonly EventName[] = [
  EventName.error,
  EventName.info,
  EventName.managedAccounts,
  EventName.nextValidId,
  EventName.currentTime,
  EventName.marketDataType,
  EventName.tickPrice,
  EventName.tickSize,
  EventName.tickGeneric,
  EventName.tickString,
  EventName.tickSnapshotEnd,
  EventName.historicalData,
  EventName.historicalDataUpdate,
  EventName.contractDetails,
  EventName.contractDetailsEnd,
  EventName.symbolSamples,
  EventName.marketRule,
  EventName.openOrder,
  EventName.orderStatus,
  EventName.openOrderEnd,
  EventName.completedOrder,
  EventName.completedOrdersEnd,
  EventName.execDetails,
  EventName.execDetailsEnd,
  EventName.commissionReport,
  EventName.position,
  EventName.positionEnd,
  EventName.updateAccountValue,
  EventName.updatePortfolio,
  EventName.updateAccountTime,
  EventName.accountDownloadEnd,
  EventName.accountSummary,
  EventName.accountSummaryEnd,
  EventName.pnl,
  EventName.pnlSingle,
];
