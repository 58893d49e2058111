/** Which server may be spoken to: the built-in simulator, the broker's paper account, its live account. */
export const PROFILES = ["simulation", "paper", "live"] as const;
export type Profile = (typeof PROFILES)[number];

/** TWS, Gateway, and the two inside of common container images. */
export const LIVE_PORTS: readonly number[] = [7496, 4001, 7498, 4003];
export const PAPER_PORTS: readonly number[] = [7497, 4002, 7499, 4004];

/** Accounts of the gateway simulator, and of nothing else. */
export const SIMULATED_ACCOUNT = /^DUSIM\d{4}$/;
/** How an account id is written: capitals and digits. */
export const ACCOUNT_ID = /^[A-Z][A-Z0-9]{2,15}$/;

const isPaperAccount = (accountId: string): boolean => accountId.startsWith("D") && !accountId.startsWith("DUSIM");

/** True for an address that cannot leave this machine. A name other than `localhost` is not trusted to resolve to one. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || host === "::1") return true;
  const quad = /^127\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(host);
  return quad?.slice(1).every((part) => Number(part) <= 255) ?? false;
}

/** `host:port` or `[::1]:port`; undefined when it is neither. */
export function parseAddress(address: string): { readonly host: string; readonly port: number } | undefined {
  const match = /^(?:\[([0-9A-Fa-f:]+)\]|([A-Za-z0-9][A-Za-z0-9.-]*)):(\d{1,5})$/.exec(address);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return host === undefined || !(port >= 1 && port <= 65_535) ? undefined : { host, port };
}

/** Undefined when the profile may open a connection to that address; else why not. */
export function addressGuard(given: {
  readonly profile: Profile;
  readonly host: string;
  readonly port: number;
}): string | undefined {
  const { profile, host, port } = given;
  switch (profile) {
    case "simulation":
      return isLoopback(host) ? undefined : `profile simulation speaks to this machine only, not to ${host}`;
    case "paper":
      return LIVE_PORTS.includes(port)
        ? `port ${port} is a port of a live account; profile paper refuses it`
        : undefined;
    case "live":
      return PAPER_PORTS.includes(port)
        ? `port ${port} is a port of a paper account; profile live refuses it`
        : undefined;
  }
}

/**
 * Judges one account that the server reported, before anything else is asked of it. Every reported account must pass; the
 * account id alone tells simulator, paper and live apart, never who started the server.
 *
 * @param given.port of the server; in `paper` and `live` it must not be a port of the other
 * @param given.approvedAccounts empty approves every paper account and no live account
 * @returns undefined when it passes, else one sentence: close the connection and do not try again
 */
export function accountGuard(given: {
  readonly profile: Profile;
  readonly accountId: string;
  readonly port: number;
  readonly approvedAccounts: readonly string[];
}): string | undefined {
  const { profile, accountId, approvedAccounts } = given;
  const shown = JSON.stringify(accountId);
  if (!ACCOUNT_ID.test(accountId)) return `the server reports an account ${shown} that is no account id`;
  const isApproved = approvedAccounts.includes(accountId);
  switch (profile) {
    case "simulation":
      return SIMULATED_ACCOUNT.test(accountId)
        ? undefined
        : `account ${shown} is not of the simulator (DUSIM0001...); profile simulation refuses it`;
    case "paper":
      if (!isPaperAccount(accountId)) return `account ${shown} is no paper account (D...); profile paper refuses it`;
      if (approvedAccounts.length > 0 && !isApproved) return `account ${shown} is not in ibkr.approvedAccounts`;
      return addressGuard({ profile, host: "", port: given.port });
    case "live":
      if (accountId.startsWith("D")) return `account ${shown} is no live account; profile live refuses it`;
      if (!isApproved) return `account ${shown} is not in ibkr.approvedAccounts`;
      return addressGuard({ profile, host: "", port: given.port });
  }
}
