import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

const CODE_LIFE_MS = 10 * 60_000;
const SESSION_LIFE_MS = 12 * 3_600_000;
const LOCK_MS = 60_000;
const FAILURES_A_MINUTE = 5;

type Secret = { readonly hash: Buffer; readonly until: number };

/** One-time codes and the sessions that they are exchanged for. Only hashes are kept. */
export class Login {
  private readonly now: () => number;
  private codes: Secret[] = [];
  private sessions: Secret[] = [];
  private failures: number[] = [];

  constructor(now: () => number) {
    this.now = now;
  }

  /** A fresh code: 256 bits, single use, ten minutes. */
  issueCode(): string {
    const code = randomBytes(32).toString("base64url");
    this.codes.push({ hash: hashOf(code), until: this.now() + CODE_LIFE_MS });
    return code;
  }

  /** A session for a code, or why not. */
  exchange(code: string): { readonly session: string } | { readonly refused: "locked" | "unknown" } {
    const now = this.now();
    this.failures = this.failures.filter((time) => time > now - LOCK_MS);
    if (this.failures.length >= FAILURES_A_MINUTE) return { refused: "locked" };
    const index = findSecret(this.codes, code, now);
    if (index < 0) {
      this.failures.push(now);
      return { refused: "unknown" };
    }
    this.codes.splice(index, 1);
    const session = randomBytes(32).toString("base64url");
    this.sessions.push({ hash: hashOf(session), until: now + SESSION_LIFE_MS });
    return { session };
  }

  isSession(session: string | undefined): boolean {
    if (session === undefined) return false;
    const now = this.now();
    this.sessions = this.sessions.filter((secret) => secret.until > now);
    return findSecret(this.sessions, session, now) >= 0;
  }

  revoke(session: string | undefined): void {
    if (session === undefined) return;
    const index = findSecret(this.sessions, session, this.now());
    if (index >= 0) this.sessions.splice(index, 1);
  }
}

function hashOf(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

/** Compares with every secret in constant time each, so that nothing is learnt from how long it took. */
function findSecret(secrets: readonly Secret[], text: string, now: number): number {
  const hash = hashOf(text);
  let found = -1;
  secrets.forEach((secret, index) => {
    if (timingSafeEqual(secret.hash, hash) && secret.until > now) found = index;
  });
  return found;
}
