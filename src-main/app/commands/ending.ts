import type { Host } from "#app/host.ts";
import { CommandError, EXIT } from "./context.ts";

/** Why a run ends: asked to, played out, or broken. */
export type Ending = {
  readonly wait: Promise<{ readonly reason: string; readonly error?: Error }>;
  end(reason: string): void;
  fail(error: Error): void;
};

const SERVING: ReadonlySet<string> = new Set(["start", "headless", "gateway"]);
const leave = (): void => process.exit(EXIT.done);

/** Until a serving command has opened anything, a signal ends it at once and in order; then its `Ending` takes over. */
export function leaveOnSignal(command: string | undefined): void {
  if (command === undefined || !SERVING.has(command)) return;
  process.on("SIGTERM", leave);
  process.on("SIGINT", leave);
}

export function createEnding(): Ending {
  let settle: (ending: { readonly reason: string; readonly error?: Error }) => void = () => undefined;
  const wait = new Promise<{ readonly reason: string; readonly error?: Error }>((resolve) => {
    settle = resolve;
  });
  const end = (reason: string): void => settle({ reason });
  process.off("SIGTERM", leave);
  process.off("SIGINT", leave);
  process.once("SIGTERM", () => end("SIGTERM"));
  process.once("SIGINT", () => end("SIGINT"));
  return { wait, end, fail: (error) => settle({ reason: error.message, error }) };
}

/** Ends a host that is broken, as far as it still can be, and returns what the person must read. */
export async function broken(host: Host, error: Error): Promise<CommandError> {
  const [ended] = await Promise.allSettled([host.stop()]);
  const also = ended.status === "rejected" ? `; the end failed too: ${String(ended.reason)}` : "";
  return new CommandError("HOST_FAILED", `${error.message}${also}`);
}
