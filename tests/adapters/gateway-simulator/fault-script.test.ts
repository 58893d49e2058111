import { describe, expect, test } from "vitest";
import {
  type FaultRule,
  FaultScriptError,
  parseFaultScript,
  planFaults,
} from "#adapters/gateway-simulator/server/fault-script.ts";
import type { Faults } from "#adapters/gateway-simulator/server/faults.ts";
import { type Micros, SECOND } from "#shared/lib/time.ts";
import { START } from "./scripted-market.ts";

const parse = (rules: unknown): readonly FaultRule[] => parseFaultScript(JSON.stringify(rules), "faults.json");

describe("a fault script that cannot be played names the rule, the value and what is allowed", () => {
  test.each([
    ["no JSON at all", "{", /faults\.json: this is no JSON/],
    ["no array", "{}", /faults\.json: script: .*expected array/],
    ["an unknown fault", '[{"when":"10:00:00","fault":"meteor","with":{}}]', /rule\[0\]\.fault: .*meteor/],
    ["a time without seconds", '[{"when":"10:00","fault":"closeLink","with":{}}]', /rule\[0\]\.when: .*"10:00"/],
    ["an hour that is none", '[{"when":"24:00:00","fault":"closeLink","with":{}}]', /HH:MM:SS.*24:00:00/],
    ["a field too many", '[{"when":"10:00:00","fault":"closeLink","with":{"loud":1}}]', /rule\[0\]\.with: .*loud/],
    ["a length of zero", '[{"when":"10:00:00","fault":"outage","with":{"seconds":0}}]', /with\.seconds: .*>0.*got 0/],
    [
      "a code of no return",
      '[{"when":"10:00:00","fault":"loseBroker","with":{"seconds":1,"code":1100}}]',
      /1101.*1100/,
    ],
    ["bytes of no kind", '[{"when":"10:00:00","fault":"bytes","with":{"kind":"nice"}}]', /negativeLength.*nice/],
    ["nothing to do it with", '[{"when":"10:00:00","fault":"partialFills"}]', /rule\[0\]\.with: .*expected object/],
  ])("%s", (_what, text, message) => {
    expect(() => parseFaultScript(text, "faults.json")).toThrow(FaultScriptError);
    expect(() => parseFaultScript(text, "faults.json")).toThrow(message);
  });

  test("all of them at once", () => {
    const two = [
      { when: "10:00:00", fault: "outage", with: { seconds: -1 } },
      { when: "noon", fault: "closeLink", with: {} },
    ];
    expect(() => parse(two)).toThrow(/rule\[0\].*rule\[1\]/s);
  });
});

/** Faults that write down what they are asked for, and when; time moves at once to whatever is planned. */
function recorder() {
  const calls: [seconds: number, name: string, ...args: unknown[]][] = [];
  let now: Micros = START;
  const note =
    (name: string) =>
    (...args: unknown[]): void => {
      calls.push([(now - START) / SECOND, name, ...args]);
    };
  const target: Record<string, unknown> = {
    at: (time: Micros, action: (faults: Faults) => void) => {
      const before = now;
      now = time;
      action(faults);
      now = before;
    },
    after: (milliseconds: number, action: (faults: Faults) => void) => {
      const before = now;
      now += milliseconds * 1_000;
      action(faults);
      now = before;
    },
  };
  const faults = new Proxy(target, {
    get: (known, name) => known[String(name)] ?? note(String(name)),
    set: (_known, name, value) => {
      note(String(name))(value);
      return true;
    },
  }) as unknown as Faults;
  return { faults, calls };
}

describe("a rule is played at its time of the exchange", () => {
  const at = (fault: string, more: object): unknown => ({ when: "10:01:00", fault, with: more });

  test.each<[string, object, [number, string, ...unknown[]][]]>([
    ["closeLink", { clientId: 11 }, [[60, "closeLink", 11]]],
    ["resetInFrame", {}, [[60, "resetInFrame", undefined]]],
    ["outage", { seconds: 5 }, [[60, "outage", 5 * SECOND]]],
    ["bytes", { kind: "badJson", clientId: 10 }, [[60, "bytes", "badJson", 10]]],
    ["systemMessage", { code: 2105, text: "farm" }, [[60, "systemMessage", 2105, "farm"]]],
    ["latency", { milliseconds: 40 }, [[60, "latencyMs", 40]]],
    ["lateAcknowledgements", { milliseconds: 900, orders: 2 }, [[60, "delayAcknowledgements", 900, 2]]],
    ["lostAcknowledgements", { orders: 3 }, [[60, "loseAcknowledgements", 3]]],
    ["rollBackOrderIds", { count: 4 }, [[60, "rollBackOrderIds", 4]]],
  ])("%s", (fault, more, expected) => {
    const { faults, calls } = recorder();
    planFaults(faults, parse([at(fault, more)]), START);
    expect(calls).toEqual(expected);
  });

  test.each<[string, object, [number, string, ...unknown[]][]]>([
    [
      "silence",
      { seconds: 7, clientId: 12 },
      [
        [60, "silence", true, 12],
        [67, "silence", false, 12],
      ],
    ],
    [
      "splitBytes",
      { seconds: 7 },
      [
        [60, "splitBytes", true, undefined],
        [67, "splitBytes", false, undefined],
      ],
    ],
    [
      "loseBroker",
      { seconds: 30, code: 1102 },
      [
        [60, "loseBroker"],
        [90, "restoreBroker", 1102],
      ],
    ],
    [
      "duplicateStatus",
      { seconds: 9 },
      [
        [60, "duplicateStatus", true],
        [69, "duplicateStatus", false],
      ],
    ],
    [
      "partialFills",
      { shares: 3, seconds: 9 },
      [
        [60, "partialFills", 3],
        [69, "partialFills", undefined],
      ],
    ],
  ])("%s, and ended when its length is over", (fault, more, expected) => {
    const { faults, calls } = recorder();
    planFaults(faults, parse([at(fault, more)]), START);
    expect(calls).toEqual(expected);
  });

  test("a time before the simulation's start is refused, since it would never be played", () => {
    const early = parse([{ when: "09:59:59", fault: "closeLink", with: {} }]);
    expect(() => planFaults(recorder().faults, early, START)).toThrow(/closeLink at 09:59:59/);
  });
});
