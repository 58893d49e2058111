import { describe, expect, test } from "vitest";
import { present } from "#shared/lib/assert.ts";
import { SECOND } from "#shared/lib/time.ts";
import { type EngineDriver, holdingDriver, kinds } from "./engine-driver.ts";

const closeOf = ({ engine, time }: EngineDriver): number =>
  present(engine.context.market.sessionAt(time), "it is a session").close;

/** Ten AAPL behind a stop, `seconds` before the close, with a fresh quote. */
function beforeClose(seconds: number): EngineDriver {
  const driver = holdingDriver();
  driver.time = closeOf(driver) - seconds * SECOND;
  driver.quote(99.99, 100.01);
  return driver;
}

describe("a position that is to be closed", () => {
  test.each([
    ["after the close", -1],
    ["in the last seconds, too late to cancel its stops and fill an exit", 2],
  ])("%s keeps its stops, and says so", (_when, seconds) => {
    const driver = beforeClose(seconds);
    const made = driver.effects.length;
    const result = driver.command({ kind: "closePosition", symbol: "AAPL" });
    expect(result.accepted).toBe(false);
    expect(driver.codes(result)).toContain("SESSION");
    driver.wait(20);
    expect(kinds(driver.effects.slice(made))).not.toContain("cancel");
    expect(driver.find("stop").status).toBe("acked");
    expect(driver.alerts()).not.toContain("EXIT_REFUSED");
    expect(driver.alerts()).not.toContain("UNPROTECTED");
    const refusals = driver.effects.filter((effect) => effect.kind === "publish" && effect.topic === "decisions");
    expect(refusals.at(-1)).toMatchObject({ body: { verdict: "denied", role: "exit", symbol: "AAPL" } });
  });

  test("a little earlier is closed, stops first", () => {
    const driver = beforeClose(10);
    const made = driver.effects.length;
    expect(driver.command({ kind: "closePosition", symbol: "AAPL" }).accepted).toBe(true);
    expect(kinds(driver.effects.slice(made))).toContain("cancel");
  });

  test("among others by flatten stays with its stops where the gate refuses, and is named", () => {
    const driver = beforeClose(-1);
    const result = driver.command({ kind: "flatten" });
    expect(result.accepted).toBe(false);
    expect(driver.codes(result)).toContain("SESSION");
  });
});

test("a position that lost its stop gets one after the close too: it must not wait for the morning", () => {
  const driver = beforeClose(30);
  driver.report(driver.find("stop").orderRef, "cancelled");
  driver.report(driver.find("target").orderRef, "cancelled");
  driver.time = closeOf(driver) + SECOND;
  driver.wait(10);
  const stops = driver.orders().filter(({ role }) => role === "stop");
  expect(stops).toHaveLength(2);
  expect(stops.at(-1)).toMatchObject({ status: "intent", quantity: 10, timeInForce: "gtc" });
});
