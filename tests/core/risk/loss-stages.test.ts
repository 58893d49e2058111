import { describe, expect, test } from "vitest";
import { type LossInput, lossStages } from "#core/risk/loss-stages.ts";
import { LIMITS } from "./risk-sample.ts";

const START = 100_000;
const stages = (equity: number, changes: Partial<LossInput> = {}, limits = LIMITS) =>
  lossStages({ equity, sessionStartEquity: START, highWaterEquity: START, ...changes }, limits).map(
    ({ code, severity }) => `${code} ${severity}`,
  );

describe("loss of the day", () => {
  test.each([
    [98_000.01, []],
    [98_000, ["DAILY_LOSS REDUCING"]],
    [97_000.01, ["DAILY_LOSS REDUCING"]],
    [97_000, ["DAILY_LOSS KILLED"]],
  ])("equity %d", (equity, expected) => expect(stages(equity)).toEqual(expected));

  test("an amount of money is the limit when it is the tighter one", () => {
    const limits = { ...LIMITS, dailyLossKillAmount: 1_000 };
    expect(stages(99_000, {}, limits)).toEqual(["DAILY_LOSS KILLED"]);
    expect(stages(99_000.01, {}, limits)).toEqual([]);
    expect(stages(97_000, {}, { ...LIMITS, dailyLossKillAmount: 50_000 })).toEqual(["DAILY_LOSS KILLED"]);
  });

  test("nothing is judged before the first session is known", () => {
    const unknown = { sessionStartEquity: undefined, highWaterEquity: undefined };
    expect(stages(1, unknown)).toEqual([]);
  });
});

describe("drawdown from the high-water mark", () => {
  const day = { sessionStartEquity: 93_000 };
  test.each([
    [93_000.01, []],
    [93_000, ["DRAWDOWN REDUCING"]],
    [90_000.01, ["DAILY_LOSS KILLED", "DRAWDOWN REDUCING"]],
    [90_000, ["DAILY_LOSS KILLED", "DRAWDOWN KILLED"]],
  ])("equity %d", (equity, expected) => expect(stages(equity, day)).toEqual(expected));
});

test("what a person has seen and re-armed after only reduces, and kills again one point deeper", () => {
  const seen = { acknowledgedEquity: 96_500 };
  expect(stages(96_400, seen)).toEqual(["DAILY_LOSS REDUCING"]);
  expect(stages(95_500.01, seen)).toEqual(["DAILY_LOSS REDUCING"]);
  expect(stages(95_500, seen)).toEqual(["DAILY_LOSS KILLED"]);
});
