import fc from "fast-check";
import { expect, test } from "vitest";
import { axisTime } from "#renderer/panels/chart/chart-view.ts";

/** The axis' digits, which it shows as if they were UTC. */
const shown = (micros: number): string => new Date(axisTime(micros) * 1_000).toISOString().slice(0, 19);
const micros = (iso: string): number => Date.parse(iso) * 1_000;

test.each([
  ["2013-10-07T13:30:00Z", "2013-10-07T09:30:00"],
  ["2013-12-02T14:30:00Z", "2013-12-02T09:30:00"],
  ["2014-01-01T03:00:00Z", "2013-12-31T22:00:00"],
  ["2014-06-10T04:00:00Z", "2014-06-10T00:00:00"],
])("%s stands on the axis as %s, New York's clock", (utc, text) => {
  expect(shown(micros(utc))).toBe(text);
});

test("a bar keeps its distance to the next one of the session, summer and winter", () => {
  const session = fc.constantFrom("2013-10-07T13:30:00Z", "2014-01-02T14:30:00Z", "2014-03-10T13:30:00Z");
  fc.assert(
    fc.property(session, fc.nat(389), fc.nat(389), (open, one, other) => {
      const at = (minute: number): number => axisTime(micros(open) + minute * 60_000_000);
      expect(at(one) - at(other)).toBe((one - other) * 60);
    }),
  );
});
