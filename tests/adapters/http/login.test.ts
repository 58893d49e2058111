import { beforeEach, describe, expect, test } from "vitest";
import { Login } from "#adapters/http/login.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

let now: number;
let login: Login;

beforeEach(() => {
  now = 1_000_000;
  login = new Login(() => now);
});

function sessionFor(code: string): string {
  const result = login.exchange(code);
  if ("refused" in result) throw new Error(result.refused);
  return result.session;
}

const wrong = (times: number): readonly unknown[] =>
  Array.from({ length: times }, (_, index) => login.exchange(`wrong ${index}`));

describe("a one-time code", () => {
  test("is 256 bits that fit into an address, and never the same twice", () => {
    const codes = Array.from({ length: 200 }, () => login.issueCode());
    for (const code of codes) expect(code).toMatch(/^[\w-]{43}$/);
    expect(new Set(codes).size).toBe(200);
  });

  test("gives a session once", () => {
    const code = login.issueCode();
    expect(login.isSession(sessionFor(code))).toBe(true);
    expect(login.exchange(code)).toEqual({ refused: "unknown" });
  });

  test("is no session, and a session is no code", () => {
    const code = login.issueCode();
    expect(login.isSession(code)).toBe(false);
    expect(login.exchange(sessionFor(code))).toEqual({ refused: "unknown" });
  });

  test("lives for ten minutes", () => {
    const [first, second] = [login.issueCode(), login.issueCode()];
    now += 10 * MINUTE - 1;
    expect(login.exchange(first)).toHaveProperty("session");
    now += 1;
    expect(login.exchange(second)).toEqual({ refused: "unknown" });
  });

  test("stands beside others: each of them opens the door", () => {
    const codes = [login.issueCode(), login.issueCode(), login.issueCode()];
    const sessions = [codes[1], codes[0], codes[2]].map((code) => sessionFor(code ?? ""));
    expect(new Set(sessions).size).toBe(3);
    for (const session of sessions) expect(login.isSession(session)).toBe(true);
  });

  test.each(["", " ", "wrong", "A".repeat(100_000)])("%# a guess opens nothing", (guess) => {
    login.issueCode();
    expect(login.exchange(guess)).toEqual({ refused: "unknown" });
  });
});

describe("guessing", () => {
  test("five times in a minute shuts the door, for the right code too", () => {
    const code = login.issueCode();
    expect(wrong(5)).toEqual(Array(5).fill({ refused: "unknown" }));
    expect(login.exchange(code)).toEqual({ refused: "locked" });
  });

  test("four times does not", () => {
    wrong(4);
    expect(login.exchange(login.issueCode())).toHaveProperty("session");
  });

  test("while it is shut does not keep it shut, and the right code is not used up", () => {
    const code = login.issueCode();
    wrong(5);
    now += MINUTE - 1;
    expect(login.exchange(code)).toEqual({ refused: "locked" });
    now += 1;
    expect(login.exchange(code)).toHaveProperty("session");
  });

  test("slowly is never shut out", () => {
    for (let index = 0; index < 20; index += 1) {
      expect(wrong(1)).toEqual([{ refused: "unknown" }]);
      now += 15_000;
    }
  });
});

describe("a session", () => {
  test("lives for twelve hours", () => {
    const session = sessionFor(login.issueCode());
    now += 12 * HOUR - 1;
    expect(login.isSession(session)).toBe(true);
    now += 1;
    expect(login.isSession(session)).toBe(false);
  });

  test("ends when it is revoked, alone", () => {
    const [one, other] = [sessionFor(login.issueCode()), sessionFor(login.issueCode())];
    login.revoke(one);
    login.revoke("unknown");
    login.revoke(undefined);
    expect([login.isSession(one), login.isSession(other)]).toEqual([false, true]);
  });

  test.each([undefined, "", "x"])("is not %j", (text) => {
    sessionFor(login.issueCode());
    expect(login.isSession(text)).toBe(false);
  });
});
