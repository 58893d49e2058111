import { expect, test } from "vitest";
import { EngineDriver } from "./engine-driver.ts";

const LINK = { scope: "account", code: "LINK", severity: "HALTED" };

function lost(wallSecond?: number): EngineDriver {
  const driver = new EngineDriver({}, wallSecond === undefined ? {} : { wallSecond }).ready();
  driver.send({ kind: "link", state: "down", generation: 1, detail: "the cable" });
  return driver;
}

const cause = (driver: EngineDriver) => driver.engine.context.ledger.causes.get("LINK|account");

test("a link that is lost for thirty seconds of session time halts trading and alarms once", () => {
  const driver = lost();
  driver.wait(29);
  expect(cause(driver)).toBeUndefined();
  driver.wait(31);
  expect(cause(driver)).toMatchObject(LINK);
  expect(cause(driver)?.detail).toContain("the cable");
  expect(driver.alerts().filter((code) => code === "LINK")).toHaveLength(1);
});

test("the halt ends when the link is live again", () => {
  const driver = lost();
  driver.wait(30);
  driver.send({ kind: "link", state: "syncing", generation: 2, detail: "" });
  expect(cause(driver)).toMatchObject(LINK);
  driver.snapshot([], 2);
  driver.send({ kind: "link", state: "live", generation: 2, detail: "" });
  expect(cause(driver)).toBeUndefined();
});

test("on an accelerated clock a link has ten seconds of the wall, since to connect takes the wall's time", () => {
  const driver = lost(60);
  driver.wait(599);
  expect(cause(driver)).toBeUndefined();
  driver.wait(1);
  expect(cause(driver)).toMatchObject(LINK);
});
