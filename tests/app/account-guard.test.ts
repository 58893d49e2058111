import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  accountGuard,
  isLoopback,
  LIVE_PORTS,
  PAPER_PORTS,
  PROFILES,
  parseAddress,
} from "#shared/model/account-guard.ts";

const ACCOUNTS = { simulated: "DUSIM0001", paper: "DU1234567", live: "U1234567" } as const;

describe("each profile with each kind of account", () => {
  const passes = PROFILES.flatMap((profile) =>
    Object.entries(ACCOUNTS).flatMap(([kind, accountId]) =>
      [7_497, 7_496].flatMap((port) =>
        [[], [accountId]].flatMap((approvedAccounts) =>
          accountGuard({ profile, accountId, port, approvedAccounts }) === undefined
            ? [`${profile}: ${kind} on ${port}${approvedAccounts.length > 0 ? ", approved" : ""}`]
            : [],
        ),
      ),
    ),
  );

  test("only these combinations pass", () => {
    expect(passes).toEqual([
      "simulation: simulated on 7497",
      "simulation: simulated on 7497, approved",
      "simulation: simulated on 7496",
      "simulation: simulated on 7496, approved",
      "paper: paper on 7497",
      "paper: paper on 7497, approved",
      "live: live on 7496, approved",
    ]);
  });

  test("a paper account beside an allow list must be on it", () => {
    const given = { profile: "paper", accountId: "DU1234567", port: 4_002 } as const;
    expect(accountGuard({ ...given, approvedAccounts: ["DU7654321"] })).toContain("not in ibkr.approvedAccounts");
  });

  test.each(LIVE_PORTS)("paper refuses port %i for the right account too", (port) => {
    expect(accountGuard({ profile: "paper", accountId: "DU1234567", port, approvedAccounts: [] })).toContain(
      String(port),
    );
  });

  test.each(PAPER_PORTS)("live refuses port %i for the right account too", (port) => {
    const given = { profile: "live", accountId: "U1234567", port, approvedAccounts: ["U1234567"] } as const;
    expect(accountGuard(given)).toContain(String(port));
  });

  test.each(["", " DU1234567", "du1234567", "DU1234567\n", "DU1234567,U1234567"])(
    "%j is no account id",
    (accountId) => {
      for (const profile of PROFILES)
        expect(accountGuard({ profile, accountId, port: 4_000, approvedAccounts: [accountId] })).toContain(
          "no account id",
        );
    },
  );

  test("no account passes two profiles", () => {
    const ids = fc.oneof(
      fc.stringMatching(/^D?U?(SIM)?[A-Z]{0,3}\d{1,8}$/),
      fc.string(),
      fc.constantFrom(...Object.values(ACCOUNTS)),
    );
    fc.assert(
      fc.property(ids, (accountId) => {
        const passing = PROFILES.filter(
          (profile) => accountGuard({ profile, accountId, port: 5_000, approvedAccounts: [accountId] }) === undefined,
        );
        expect(passing.length).toBeLessThanOrEqual(1);
      }),
      { numRuns: 500 },
    );
  });
});

test("loopback is this machine and nothing that merely looks like it", () => {
  expect(["127.0.0.1", "127.255.0.9", "::1", "localhost"].filter((host) => !isLoopback(host))).toEqual([]);
  const others = ["127.0.0.1.nip.io", "127.0.0.256", "127.1", "10.0.0.1", "0.0.0.0", "", "::", "localhost.example"];
  expect(others.filter(isLoopback)).toEqual([]);
});

test("an address is a host and a port", () => {
  expect(parseAddress("127.0.0.1:4002")).toEqual({ host: "127.0.0.1", port: 4_002 });
  expect(parseAddress("[::1]:4002")).toEqual({ host: "::1", port: 4_002 });
  for (const address of ["", ":4002", "host", "host:", "host:0", "host:65536", "::1:4002", "a b:1", "host:+1"])
    expect([address, parseAddress(address)]).toEqual([address, undefined]);
});
