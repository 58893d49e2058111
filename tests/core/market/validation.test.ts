import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createValidator, type Validator, type ValidatorState } from "#core/market/validation.ts";
import { createRng } from "#shared/lib/rng.ts";
import { MILLISECOND, MINUTE, SECOND } from "#shared/lib/time.ts";
import type { Bar, Quote, Trade } from "#shared/model/market.ts";

const START = 1_381_152_600 * SECOND;
const folder = join(process.env.ROBOTRADER_TEST_DATA ?? "", "tick-lean");
const hasData = process.env.ROBOTRADER_TEST_DATA !== undefined && existsSync(folder);

/** Seconds after the start. */
const quote = (seconds: number, bid: number | undefined, ask: number | undefined): Quote => ({
  symbol: "SPY",
  time: START + seconds * SECOND,
  ...(bid === undefined ? {} : { bid }),
  ...(ask === undefined ? {} : { ask }),
  bidSize: 100,
  askSize: 100,
  quality: "live",
});
const trade = (seconds: number, price: number): Trade => ({
  symbol: "SPY",
  time: START + seconds * SECOND,
  price,
  size: 100,
});
const bar = (index: number, close: number): Bar => ({
  start: START + index * MINUTE,
  open: close,
  high: close,
  low: close,
  close,
  volume: 1000,
});

/** A validator that has seen a calm market at 100. */
function calm(): Validator {
  const validator = createValidator({});
  for (let index = 0; index < 30; index += 1) validator.bar(bar(index - 30, 100 + (index % 2) * 0.02));
  validator.quote(quote(0, 99.99, 100.01));
  validator.trade(trade(0, 100));
  return validator;
}

describe("quotes", () => {
  test.each([
    ["NaN", Number.NaN],
    ["zero", 0],
    ["a negative number", -100],
    ["infinity", Number.POSITIVE_INFINITY],
    ["the wire's mark of an unset number", Number.MAX_VALUE],
  ])("a price of %s is refused on either side, and as a print", (_, price) => {
    const validator = calm();
    for (const bad of [quote(1, price, 100.01), quote(1, 99.99, price)]) {
      expect(validator.quote(bad)).toEqual({ accepted: false, flags: [], events: ["refusedTick"] });
    }
    expect(validator.trade(trade(1, price)).events).toEqual(["refusedTick"]);
    expect(validator.quote({ ...quote(1, 99.99, 100.01), bidSize: price < 0 ? price : Number.NaN }).accepted).toBe(
      false,
    );
  });

  test("a crossed quote is flagged and is no reference", () => {
    const validator = calm();
    expect(validator.quote(quote(1, 150, 99)).flags).toEqual(["crossed"]);
    expect(validator.isQuarantined()).toBe(false);
    expect(validator.quote(quote(2, 99.99, 100.01)).flags).toEqual([]);
  });

  test("a quote without one side is flagged and is no reference", () => {
    const validator = calm();
    expect(validator.quote(quote(1, undefined, 100.01))).toEqual({ accepted: true, flags: ["oneSided"], events: [] });
    expect(validator.quote(quote(2, 50, undefined)).flags).toEqual(["oneSided"]);
    expect(validator.isQuarantined()).toBe(false);
  });

  test("a spread above one percent is wide, one of exactly one percent is not", () => {
    const validator = calm();
    expect(validator.quote(quote(1, 99.5, 100.5)).flags).toEqual([]);
    expect(validator.quote(quote(2, 99.49, 100.51)).flags).toEqual(["wide"]);
  });

  test("a quote is locked once bid and ask are equal for more than two seconds", () => {
    const validator = calm();
    expect(validator.quote(quote(1, 100, 100)).flags).toEqual([]);
    expect(validator.quote(quote(3, 100, 100)).flags).toEqual([]);
    expect(validator.quote(quote(3.5, 100, 100)).flags).toEqual(["locked"]);
    expect(validator.quote(quote(4, 99.99, 100.01)).flags).toEqual([]);
  });

  test("a tick from the future, from long ago or before its forerunner is refused", () => {
    const validator = calm();
    const at = (seconds: number) => START + seconds * SECOND;
    expect(validator.quote(quote(10, 99.99, 100.01), at(7.9)).flags).toEqual(["early"]);
    expect(validator.quote(quote(10, 99.99, 100.01), at(8)).accepted).toBe(true);
    expect(validator.quote(quote(11, 99.99, 100.01), at(71.1)).flags).toEqual(["late"]);
    expect(validator.quote(quote(9, 99.99, 100.01), at(9)).flags).toEqual(["late"]);
    // Streams are ordered each for itself.
    expect(validator.trade(trade(9, 100), at(9)).accepted).toBe(true);
    expect(validator.trade(trade(8, 100), at(9)).flags).toEqual(["late"]);
  });
});

describe("prints against the quote", () => {
  test("a print up to three cents outside a one-cent market counts, one further out does not", () => {
    const validator = calm();
    validator.quote(quote(1, 100, 100.01));
    expect(validator.trade(trade(1, 100.04)).accepted).toBe(true);
    expect(validator.trade(trade(1, 100.05))).toMatchObject({ accepted: false, flags: ["outsideQuote"] });
    expect(validator.trade(trade(1, 99.97)).flags).toEqual([]);
    expect(validator.trade(trade(1, 99.96)).accepted).toBe(false);
  });

  test("a print up to a spread outside a wider market counts", () => {
    const validator = calm();
    validator.quote(quote(1, 99.9, 100.1));
    expect(validator.trade(trade(1, 100.3)).accepted).toBe(true);
    expect(validator.trade(trade(1, 100.31)).accepted).toBe(false);
  });
});

describe("bars", () => {
  test.each([
    ["a low above the close", { low: 100.5 }],
    ["a high below the open", { high: 99.5 }],
    ["a negative volume", { volume: -1 }],
    ["a NaN volume", { volume: Number.NaN }],
    ["a NaN close", { close: Number.NaN }],
    ["a price of zero", { low: 0 }],
    ["a broken time", { start: Number.NaN }],
  ])("a bar with %s is refused", (_, wrong) => {
    expect(createValidator({}).bar({ ...bar(0, 100), ...wrong }).accepted).toBe(false);
  });

  test("a second value for one time is a revision and changes nothing", () => {
    const validator = createValidator({});
    expect(validator.bar(bar(1, 100)).accepted).toBe(true);
    expect(validator.bar(bar(1, 101))).toMatchObject({ accepted: false, events: ["barRevised"] });
    expect(validator.bar(bar(1, 100))).toMatchObject({ accepted: false, events: ["refusedTick"] });
    expect(validator.bar(bar(0, 100))).toMatchObject({ accepted: false, events: ["refusedTick"] });
  });

  test("a bar off the price grid is refused where the grid is known", () => {
    const validator = createValidator({ increment: () => 0.01 });
    expect(validator.bar(bar(1, 100.005)).accepted).toBe(false);
    expect(validator.bar(bar(1, 100.07)).accepted).toBe(true);
  });

  test("a bar of fewer than 100 shares is flagged", () => {
    expect(createValidator({}).bar({ ...bar(1, 100), volume: 99 }).flags).toEqual(["thinVolume"]);
    expect(createValidator({}).bar({ ...bar(1, 100), volume: 100 }).flags).toEqual([]);
  });
});

describe("price jumps", () => {
  test("a single print at half the price fires nothing", () => {
    const validator = calm();
    const bad = validator.trade(trade(1, 50));
    expect(bad.accepted).toBe(false);
    expect(bad.events).toEqual(["quarantined"]);
    expect(validator.isQuarantined()).toBe(true);
    expect(validator.trade(trade(1.5, 100))).toMatchObject({ accepted: true, events: ["badTick"] });
    expect(validator.isQuarantined()).toBe(false);
  });

  test("a single quote at half the price moves nothing and costs no good print", () => {
    const validator = calm();
    expect(validator.quote(quote(1, 49.99, 50.01))).toMatchObject({ accepted: false, events: ["quarantined"] });
    expect(validator.trade(trade(1.5, 100))).toMatchObject({ accepted: true, events: ["badTick"] });
  });

  test("a true fall by half is accepted within three seconds, and the market trades again", () => {
    const validator = calm();
    const accepted: number[] = [];
    for (let step = 0; step < 8; step += 1) {
      const seconds = 10 + step * 0.5;
      const events = [
        ...validator.quote(quote(seconds, 49.99, 50.01)).events,
        ...validator.trade(trade(seconds, 50)).events,
      ];
      if (events.includes("gapAccepted")) accepted.push(seconds - 10);
    }
    expect(accepted).toEqual([2]);
    expect(validator.isQuarantined()).toBe(false);
    expect(validator.trade(trade(20, 50.02)).accepted).toBe(true);
    expect(validator.trade(trade(21, 100)).accepted).toBe(false);
  });

  test("a true gap of 20 percent trades again", () => {
    const validator = calm();
    for (let step = 0; step < 6; step += 1) {
      validator.quote(quote(10 + step * 0.5, 119.99, 120.01));
      validator.trade(trade(10 + step * 0.5, 120));
    }
    expect(validator.isQuarantined()).toBe(false);
  });

  test("two ticks confirm nothing, however long they agree", () => {
    const validator = calm();
    validator.quote(quote(10, 49.99, 50.01));
    expect(validator.trade(trade(14, 50)).accepted).toBe(false);
    expect(validator.trade(trade(14.1, 50))).toMatchObject({ accepted: true, events: ["gapAccepted"] });
  });

  test("one source alone needs ten ticks over ten seconds", () => {
    const validator = calm();
    validator.quote(quote(9, undefined, undefined));
    const verdicts = Array.from({ length: 12 }, (_, index) => validator.trade(trade(10 + index, 50)).events);
    expect(verdicts.findIndex((events) => events.includes("gapAccepted"))).toBe(10);
  });

  test("the close of a bar is a second source", () => {
    const validator = calm();
    validator.quote(quote(50, undefined, undefined));
    validator.trade(trade(57, 50));
    validator.trade(trade(58, 50));
    validator.bar(bar(0, 50));
    expect(validator.trade(trade(60, 50)).events).toEqual(["gapAccepted"]);
  });

  test("good and bad ticks in turn never move the reference", () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 1, max: 89, noNaN: true }), { maxLength: 60 }), (bad) => {
        const validator = calm();
        bad.forEach((price, index) => {
          expect(validator.trade(trade(1 + index, price)).accepted).toBe(false);
          expect(validator.trade(trade(1.5 + index, 100)).accepted).toBe(true);
        });
        expect(validator.snapshot().jump.reference).toBe(100);
      }),
    );
  });

  test("prints outside the quote do not creep the reference away from it", () => {
    const validator = calm();
    for (let step = 0; step < 50; step += 1) {
      validator.quote(quote(1 + step * 0.1, 99.99, 100.01));
      validator.trade(trade(1 + step * 0.1, 100 - 0.9 * Math.min(1, step / 10)));
    }
    expect(validator.snapshot().jump.reference).toBe(100);
  });

  test("a quarantine of a minute with ticks still flowing is stuck, and says so once", () => {
    const validator = calm();
    validator.quote(quote(0.5, undefined, undefined));
    const stuck: number[] = [];
    // Two bad levels in turn confirm nothing.
    for (let seconds = 1; seconds < 200; seconds += 1) {
      const verdict = validator.trade(trade(seconds, seconds % 2 === 0 ? 50 : 200));
      expect(verdict.accepted).toBe(false);
      if (verdict.events.includes("quarantineStuck")) stuck.push(seconds);
    }
    expect(stuck).toEqual([61]);
  });

  test("after a minute of silence the next price may be a fifth away, but not half", () => {
    const near = calm();
    expect(near.trade(trade(61, 82)).accepted).toBe(true);
    const far = calm();
    expect(far.trade(trade(61, 50)).accepted).toBe(false);
  });

  test("at the open a price is judged by the close before, within a fifth", () => {
    const validator = calm();
    validator.resetReference(200);
    expect(validator.trade(trade(1, 165)).accepted).toBe(true);
    expect(validator.trade(trade(2, 200)).accepted).toBe(false);
    validator.resetReference(200);
    expect(validator.trade(trade(3, 150)).accepted).toBe(false);
  });

  test("a calm minute series narrows what counts as a jump to one percent, a wild one widens it to ten", () => {
    const width = (step: number): number => {
      const validator = createValidator({});
      for (let index = 0; index < 60; index += 1) validator.bar(bar(index - 60, 100 * (1 + (index % 2) * step)));
      validator.trade(trade(0, 100));
      for (let percent = 1; percent < 30; percent += 1) {
        if (!validator.trade(trade(1, 100 + percent + 0.01)).accepted) return percent;
        validator.restore({ ...validator.snapshot(), jump: { ...validator.snapshot().jump, reference: 100 } });
      }
      return 30;
    };
    expect(width(0.0001)).toBe(1);
    expect(width(0.005)).toBe(5);
    expect(width(0.05)).toBe(10);
  });

  test("the return over a night is not taken for the volatility of a minute", () => {
    const validator = createValidator({});
    for (let index = 0; index < 30; index += 1) validator.bar(bar(index, 100));
    validator.bar(bar(1000, 130));
    expect(validator.snapshot().jump.variance).toBe(0);
  });
});

test("a validator saved as text and restored at any tick goes on as if nothing had been", () => {
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 0, max: 199 }), (seed, cut) => {
      const rng = createRng(seed);
      const one = createValidator({});
      let two = createValidator({});
      for (let step = 0; step < 200; step += 1) {
        if (step === cut) {
          const text = JSON.stringify(two.snapshot());
          two = createValidator({});
          two.restore(JSON.parse(text) as ValidatorState);
        }
        const price = rng.next() < 0.2 ? 50 : 100 + rng.normal();
        const kind = rng.integer(0, 2);
        const ask = (validator: Validator) =>
          kind === 0
            ? validator.quote(quote(step, price, price + 0.02))
            : kind === 1
              ? validator.trade(trade(step, price))
              : validator.bar(bar(step, price));
        expect(ask(two)).toEqual(ask(one));
      }
    }),
    { numRuns: 100 },
  );
});

test.skipIf(!hasData)(
  "a recorded day of BAC prints has no quarantine and loses few prints [needs ROBOTRADER_TEST_DATA]",
  () => {
    const text = gunzipSync(readFileSync(join(folder, "BAC_20131007_trade.csv.gz"))).toString("utf8");
    const validator = createValidator({});
    const rows = text.trim().split("\n").slice(1);
    const events = new Map<string, number>();
    let accepted = 0;
    for (const row of rows) {
      const [time = "", price = "", size = ""] = row.split(",");
      const verdict = validator.trade({
        symbol: "BAC",
        time: Date.parse(`${time}Z`) * MILLISECOND,
        price: Number(price),
        size: Number(size),
      });
      if (verdict.accepted) accepted += 1;
      for (const event of verdict.events) events.set(event, (events.get(event) ?? 0) + 1);
    }
    expect(rows.length).toBeGreaterThan(80_000);
    expect(events.get("quarantined") ?? 0).toBeLessThanOrEqual(5);
    expect(events.get("quarantineStuck")).toBeUndefined();
    expect(accepted / rows.length).toBeGreaterThan(0.999);
  },
);
