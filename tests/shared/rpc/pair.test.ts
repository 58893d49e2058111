import fc from "fast-check";
import { expect, test } from "vitest";
import { createPortPair } from "#shared/rpc/pair.ts";
import { turn } from "./rig.ts";

test("frames arrive at the other end, in order, in a later turn, and not at one's own", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.string()), async (frames) => {
      const [one, other] = createPortPair();
      const heard: string[] = [];
      const echo: string[] = [];
      other.onMessage((frame) => heard.push(frame));
      one.onMessage((frame) => echo.push(frame));
      for (const frame of frames) one.send(frame);
      expect(heard).toEqual([]);
      await turn();
      expect([heard, echo]).toEqual([frames, []]);
    }),
    { numRuns: 20 },
  );
});

test("who listens is told the state at once; closing one end closes both, once", () => {
  const [one, other] = createPortPair();
  const told: string[] = [];
  one.onState(({ kind }) => told.push(`one ${kind}`));
  other.onState(({ kind }) => told.push(`other ${kind}`));
  other.close();
  one.close();
  other.close();
  expect(told).toEqual(["one open", "other open", "other closed", "one closed"]);
  other.onState(({ kind }) => told.push(`late ${kind}`));
  expect(told.at(-1)).toBe("late closed");
});

test("a closed pair carries nothing", async () => {
  const [one, other] = createPortPair();
  const heard: string[] = [];
  one.onMessage((frame) => heard.push(frame));
  other.onMessage((frame) => heard.push(frame));
  one.close();
  one.send("a");
  other.send("b");
  await turn();
  expect(heard).toEqual([]);
});

test("a listener that stopped hears nothing more; the others do", async () => {
  const [one, other] = createPortPair();
  const heard: string[] = [];
  const stop = other.onMessage((frame) => heard.push(`first ${frame}`));
  other.onMessage((frame) => heard.push(`second ${frame}`));
  one.send("a");
  await turn();
  stop();
  one.send("b");
  await turn();
  expect(heard).toEqual(["first a", "second a", "second b"]);
});
