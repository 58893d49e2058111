import { onTestFinished } from "vitest";
import { type BrokerRig, startBrokerRig } from "#tests/support/broker-rig.ts";

export type { BrokerRig } from "#tests/support/broker-rig.ts";

/** A rig that ends with its test. */
export async function brokerRig(...given: Parameters<typeof startBrokerRig>): Promise<BrokerRig> {
  const rig = await startBrokerRig(...given);
  onTestFinished(() => rig.stop());
  return rig;
}
