import { wallMs } from "#adapters/system/clock.ts";
import { connectControl } from "#adapters/system/control-socket.ts";
import { createKillLatch } from "#adapters/system/latch.ts";
import { writeInFolder } from "#app/data-directory.ts";
import type { Command, CommandResult } from "#shared/model/command.ts";
import { connect, RequestError } from "#shared/rpc/client.ts";
import type { Port } from "#shared/rpc/port.ts";

/** A living host answers sooner. */
const PATIENCE_MS = 250;
const ANSWER_MS = 5_000;

export type Kill = Extract<Command, { readonly kind: "kill" }>;
/** The host's answer, or why only the latch of the next start stands. */
export type KillOutcome = CommandResult | "noHost" | "noAnswer";

/**
 * A kill from outside the host of a data directory: the command line, and the desktop's key. Where no host answers the latch
 * is written, so that the next start is KILLED: none is there, it is hung, or it dies of it.
 *
 * @throws DataDirectoryError where the latch cannot be written
 */
export async function requestKill(folder: string, kill: Kill, build: string): Promise<KillOutcome> {
  const latch = (why: string): void =>
    writeInFolder(folder, () => createKillLatch(folder).engage(`kill ${why}: ${kill.reason}`));
  const port = await connectControl(folder, PATIENCE_MS);
  if (port === undefined) {
    latch("without a running host");
    return "noHost";
  }
  const result = await killOver(port, kill, build, () => latch("without an answer of the host"));
  return result ?? "noAnswer";
}

/**
 * The kill goes out behind the greeting, without waiting for a welcome: a host that hangs finds it when it wakes. `latch`
 * is called as soon as the host is silent for longer than a living one would be.
 */
async function killOver(
  port: Port,
  command: Kill,
  build: string,
  latch: () => void,
): Promise<CommandResult | undefined> {
  const client = connect(port, build, wallMs, {
    onWelcome: () => undefined,
    onRefused: () => undefined,
    onLossy: () => undefined,
  });
  const timers: NodeJS.Timeout[] = [];
  const silence = new Promise<undefined>((resolve, reject) => {
    timers.push(setTimeout(() => resolve(undefined), ANSWER_MS));
    timers.push(
      setTimeout(() => {
        try {
          latch();
        } catch (error) {
          reject(error);
        }
      }, PATIENCE_MS),
    );
  });
  try {
    const request = client.request("command", { commandId: crypto.randomUUID(), command, issueTime: 0 });
    return await Promise.race([request, silence]);
  } catch (error) {
    if (!(error instanceof RequestError)) throw error;
    latch();
    return undefined;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    client.close();
  }
}
