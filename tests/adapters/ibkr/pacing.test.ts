import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createLockStep, type LockStep } from "#adapters/ibkr/lock-step.ts";
import { Governor, type Lane } from "#adapters/ibkr/pacing.ts";
import { MILLISECOND, type Micros, SECOND } from "#shared/lib/time.ts";

const ALL = 45;
const LOWER = 40;
const QUEUE = 2_000;

type Work = { readonly lane: Lane; readonly count?: number; readonly patience?: Micros };
type Outcome = Work & { readonly name: number; readonly time: Micros; readonly denied?: string };

/** A governor on virtual time, and what became of each piece of work, in order. */
class PacingRig {
  readonly outcomes: Outcome[] = [];
  readonly governor: Governor;
  private readonly step: LockStep = createLockStep(10 * SECOND);
  private name = 0;

  constructor() {
    this.governor = new Governor(this.step.clock, this.step.timers);
  }

  get now(): Micros {
    return this.step.clock.now();
  }

  ask(work: Work, times = 1): void {
    for (let turn = 0; turn < times; turn += 1) {
      const name = this.name;
      this.name += 1;
      this.governor.run(work.lane, {
        ...work,
        send: () => this.outcomes.push({ ...work, name, time: this.now }),
        deny: (denied) => this.outcomes.push({ ...work, name, time: this.now, denied }),
      });
    }
  }

  /** Moves time in steps of a millisecond. */
  pass(milliseconds: number): void {
    for (let turn = 0; turn < milliseconds; turn += 1) this.step.advance(this.now + MILLISECOND);
  }

  sent(lane?: Lane): readonly Outcome[] {
    return this.outcomes.filter((each) => each.denied === undefined && (lane === undefined || each.lane === lane));
  }

  denied(): readonly Outcome[] {
    return this.outcomes.filter((each) => each.denied !== undefined);
  }
}

/** The most messages in any second that ends with one of them. */
function busiestSecond(sent: readonly Outcome[]): number {
  let most = 0;
  for (const { time } of sent) {
    const inWindow = sent.filter((other) => other.time > time - SECOND && other.time <= time);
    most = Math.max(
      most,
      inWindow.reduce((sum, { count = 1 }) => sum + count, 0),
    );
  }
  return most;
}

describe("the window", () => {
  test("of a burst of 100 reads 40 leave at once, 40 a second later, 20 a second after that", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, 100);
    expect(rig.sent()).toHaveLength(40);
    rig.pass(1_000);
    expect(rig.sent()).toHaveLength(40);
    rig.pass(5);
    expect(rig.sent()).toHaveLength(80);
    rig.pass(1_005);
    expect(rig.sent()).toHaveLength(100);
    expect(rig.governor.depth()).toBe(0);
  });

  test("a burst around the turn of a second is counted in the second that slides", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, 20);
    rig.pass(990);
    rig.ask({ lane: 5 }, 60);
    rig.pass(20);
    expect(rig.sent()).toHaveLength(60);
    expect(busiestSecond(rig.sent())).toBe(40);
  });

  test("five places of the 45 are always free for cancels and exits", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, 60);
    rig.ask({ lane: 0 }, 3);
    rig.ask({ lane: 1 }, 4);
    expect([rig.sent(5).length, rig.sent(0).length, rig.sent(1).length]).toEqual([40, 3, 2]);
  });

  test("cancels and exits may use all 45", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 0 }, 60);
    expect(rig.sent()).toHaveLength(ALL);
  });

  test("the rate is what left in the last second", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 2, count: 3 }, 4);
    expect(rig.governor.rate()).toBe(12);
    rig.pass(999);
    expect(rig.governor.rate()).toBe(12);
    rig.pass(1);
    expect(rig.governor.rate()).toBe(0);
  });
});

describe("priority", () => {
  test("a cancel overtakes market-data requests that wait", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 0 }, 5);
    rig.ask({ lane: 4 }, 100);
    rig.ask({ lane: 0 }, 1);
    expect(rig.sent(4)).toHaveLength(40);
    rig.pass(1_005);
    const second = rig.sent().filter(({ time }) => time > 10 * SECOND);
    expect(second.map(({ lane }) => lane)).toEqual([0, ...Array(40).fill(4)]);
  });

  test("when the window opens, the lanes leave in their order", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 0 }, 45);
    for (const lane of [5, 4, 3, 2, 1, 0] as const) rig.ask({ lane }, 2);
    rig.pass(1_005);
    expect(
      rig
        .sent()
        .slice(45)
        .map(({ lane }) => lane),
    ).toEqual([0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]);
  });

  // Lanes below could use up each single place that comes free, and a family of three would never find its three.
  test("a family of orders that waits is not overtaken by history requests", () => {
    const rig = new PacingRig();
    for (let turn = 0; turn < 40; turn += 1) {
      rig.ask({ lane: 5 });
      rig.pass(25);
    }
    rig.ask({ lane: 5 }, 100);
    rig.ask({ lane: 2, count: 3 });
    rig.pass(1_000);
    expect(rig.sent(2)).toHaveLength(1);
  });
});

describe("after the server said that we send too fast (100)", () => {
  test("entries, reads and subscriptions stop for two seconds, cancels and exits do not", () => {
    const rig = new PacingRig();
    rig.governor.slowDown();
    for (const lane of [0, 1, 2, 3, 4, 5] as const) rig.ask({ lane });
    expect(rig.sent().map(({ lane }) => lane)).toEqual([0, 1]);
    rig.pass(1_999);
    expect(rig.sent()).toHaveLength(2);
    rig.pass(1_005);
    expect(rig.sent().map(({ lane }) => lane)).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("they go at half the rate for a minute", () => {
    const rig = new PacingRig();
    rig.governor.slowDown();
    rig.pass(2_000);
    rig.ask({ lane: 5 }, 100);
    expect(rig.sent()).toHaveLength(20);
    rig.pass(1_500);
    expect(busiestSecond(rig.sent())).toBe(20);
    rig.pass(57_000);
    rig.ask({ lane: 5 }, 40);
    expect(rig.sent()).toHaveLength(140);
  });
});

describe("patience", () => {
  // At sixty times the wall, a pause of five milliseconds is longer than an order waits.
  test("is not used up by a pause of the process between asking and sending", () => {
    let now = 10 * SECOND;
    const clock = {
      now: () => {
        now += 300 * MILLISECOND;
        return now;
      },
    };
    const governor = new Governor(clock, createLockStep().timers);
    const outcome: string[] = [];
    governor.run(2, {
      patience: 250 * MILLISECOND,
      send: () => outcome.push("sent"),
      deny: (reason) => outcome.push(reason),
    });
    expect(outcome).toEqual(["sent"]);
  });

  test("an order that cannot leave in time is denied and never sent", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, 40);
    rig.ask({ lane: 2, count: 3, patience: 250 * MILLISECOND });
    rig.pass(3_000);
    expect(rig.sent(2)).toEqual([]);
    expect(rig.denied().map(({ lane, denied }) => [lane, denied])).toEqual([
      [2, "it waited too long for the message window"],
    ]);
  });

  test("an order that finds room within its patience leaves", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, 40);
    rig.pass(900);
    rig.ask({ lane: 2, patience: 250 * MILLISECOND });
    rig.pass(200);
    expect(rig.sent(2)).toHaveLength(1);
    expect(rig.denied()).toEqual([]);
  });

  test("the denial comes when the patience is over", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, 40);
    rig.ask({ lane: 2, patience: 250 * MILLISECOND });
    rig.pass(300);
    expect(rig.denied()).toHaveLength(1);
  });

  test("the denial comes when the patience is over, also when reads were waiting before", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, 50);
    rig.ask({ lane: 2, patience: 250 * MILLISECOND });
    rig.pass(300);
    expect(rig.denied()).toHaveLength(1);
  });

  test("a queue of 2000 is full: the next is denied and says so", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, LOWER + QUEUE + 1);
    expect(rig.governor.depth()).toBe(QUEUE);
    expect(rig.denied().map(({ denied }) => denied)).toEqual(["the queue of lane 5 is full"]);
  });

  test("when the connection is gone everything that waits is denied with the reason, and nothing leaves later", () => {
    const rig = new PacingRig();
    rig.ask({ lane: 5 }, 50);
    rig.ask({ lane: 2 }, 2);
    rig.governor.failAll("the link broke");
    rig.pass(3_000);
    expect(rig.sent()).toHaveLength(40);
    expect(rig.denied().map(({ denied }) => denied)).toEqual(Array(12).fill("the link broke"));
    rig.ask({ lane: 5 });
    expect(rig.sent()).toHaveLength(41);
  });
});

const lane = fc.integer({ min: 0, max: 5 }).map((value) => value as Lane);
const burst = fc.record({
  lane,
  times: fc.integer({ min: 1, max: 70 }),
  count: fc.constantFrom(1, 1, 1, 2, 3),
  patient: fc.boolean(),
  thenMs: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 30 }), fc.integer({ min: 0, max: 1_500 })),
});

describe("any bursts", () => {
  test("never more than 45 in a second, 40 of the lower lanes; nothing lost or doubled; order kept in a lane", () => {
    fc.assert(
      fc.property(fc.array(burst, { minLength: 1, maxLength: 8 }), (bursts) => {
        const rig = new PacingRig();
        let asked = 0;
        for (const { lane, times, count, patient, thenMs } of bursts) {
          rig.ask({ lane, count, ...(patient ? {} : { patience: 250 * MILLISECOND }) }, times);
          asked += times;
          rig.pass(thenMs);
        }
        rig.pass(60_000);
        expect(busiestSecond(rig.sent())).toBeLessThanOrEqual(ALL);
        expect(busiestSecond(rig.sent().filter((each) => each.lane >= 2))).toBeLessThanOrEqual(LOWER);
        expect(rig.governor.depth()).toBe(0);
        expect(rig.outcomes.map(({ name }) => name).sort((a, b) => a - b)).toEqual([...Array(asked).keys()]);
        expect(rig.denied().filter(({ patience }) => patience === undefined)).toEqual([]);
        for (const lane of [0, 1, 2, 3, 4, 5] as const) {
          const names = rig.sent(lane).map(({ name }) => name);
          expect(names).toEqual([...names].sort((a, b) => a - b));
        }
      }),
      { numRuns: 200 },
    );
  });
});
