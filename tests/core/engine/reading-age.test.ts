import { expect, test } from "vitest";
import type { Order } from "#shared/model/order.ts";
import { EngineDriver, kinds } from "./engine-driver.ts";

function entered(): { driver: EngineDriver; entry: Order } {
  const driver = new EngineDriver().ready();
  driver.order({ limitPrice: 99.5, stopLoss: 98.5 });
  driver.acknowledge();
  return { driver, entry: driver.find("entry") };
}

/** A reading that was begun at `begun` and ends now. */
function readingSince(driver: EngineDriver, begun: number, listed: readonly Order[]): readonly string[] {
  const openOrders = listed.map((order) => ({
    orderRef: order.orderRef,
    permId: 1,
    clientId: 10,
    orderId: 1,
    terms: order,
    status: "Submitted",
    filledQuantity: 0,
    transmitted: true,
  }));
  const body = { generation: 1, begun, openOrders, completedOrders: [], executions: [], positions: [] };
  return kinds(driver.send({ kind: "brokerSnapshot", snapshot: body }));
}

test("an order that ended while the broker was read is not taken for one that works again", () => {
  const { driver, entry } = entered();
  driver.wait(10);
  const begun = driver.time;
  driver.wait(8);
  driver.report(entry.orderRef, "cancelled");
  driver.wait(6);
  expect(readingSince(driver, begun, [entry])).not.toContain("cancel");
  expect(driver.alerts()).not.toContain("ORDER_ALIVE");
  driver.wait(1);
  expect(readingSince(driver, driver.time, [entry])).toContain("cancel");
});

test("an order that left while the broker was read is not doubted for being absent from the reading", () => {
  const driver = new EngineDriver().ready();
  const begun = driver.time;
  driver.wait(4);
  driver.order({ limitPrice: 99.5, stopLoss: 98.5 });
  driver.acknowledge();
  driver.wait(6);
  readingSince(driver, begun, []);
  expect(driver.find("entry").status).toBe("acked");
  readingSince(driver, driver.time, []);
  expect(driver.find("entry").status).toBe("unknown");
});
