import { accessSync, constants, existsSync, readdirSync, statfsSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { isAlive, readHolder } from "#adapters/store/instance-lock.ts";
import { verifyJournal } from "#adapters/store/verify.ts";
import { createKillLatch } from "#adapters/system/latch.ts";
import { dataDirectoryPath } from "#app/data-directory.ts";
import { PROFILES } from "#shared/model/account-guard.ts";
import { CONFIG_KEYS } from "#shared/model/config.ts";
import { CommandError, type CommonOptions, configurationOf, EXIT, print } from "./context.ts";

type Finding = {
  readonly what: string;
  readonly state: "ok" | "warning" | "problem";
  readonly detail: string;
  readonly remedy?: string;
};

const LEAST_FREE_BYTES = 500 * 1024 * 1024;
const NEEDED_NODE = 24;

/** Everything that would keep the workstation from trading, all at once, each with its remedy. Changes nothing. */
export async function doctor(options: CommonOptions): Promise<number> {
  const { finding, profile, port } = configuration(options);
  const folder = dataDirectoryPath({ profile, dataDirectory: options.dataDir });
  const findings: Finding[] = [
    finding,
    node(),
    ...dataDirectory(folder),
    ...latch(folder),
    ...journalFolders(folder).map(journal),
    await httpPort(port),
  ];
  const isWell = findings.every((finding) => finding.state !== "problem");
  print(options, { folder, isWell, findings }, () =>
    findings
      .map(
        ({ state, what, detail, remedy }) =>
          `${state.toUpperCase().padEnd(8)} ${what}: ${detail}${remedy === undefined ? "" : `\n         remedy: ${remedy}`}`,
      )
      .join("\n"),
  );
  return isWell ? EXIT.done : EXIT.failed;
}

/** A configuration that is refused is one finding among the others; the defaults say where to look for them. */
function configuration(options: CommonOptions) {
  const what = "configuration";
  try {
    const { profile, http } = configurationOf(options).config;
    const detail = `profile ${profile}, every value in its range`;
    return { finding: { what, state: "ok", detail } as const, profile, port: http.port };
  } catch (error) {
    if (!(error instanceof CommandError) || error.code !== "CONFIGURATION") throw error;
    const remedy = "Mend each line, then look again.";
    const finding = { what, state: "problem", detail: error.message, remedy } as const;
    const profile = PROFILES.find((name) => name === options.profile) ?? "simulation";
    const port = Number(CONFIG_KEYS.find(({ key }) => key === "http.port")?.default);
    return { finding, profile, port };
  }
}

function node(): Finding {
  const major = Number(process.versions.node.split(".")[0]);
  const what = "Node.js";
  if (major >= NEEDED_NODE) return { what, state: "ok", detail: process.version };
  return {
    what,
    state: "problem",
    detail: process.version,
    remedy: `Start with npm, which brings Node ${NEEDED_NODE}.`,
  };
}

function dataDirectory(folder: string): readonly Finding[] {
  const what = "data directory";
  if (!existsSync(folder)) return [{ what, state: "ok", detail: `${folder} will be made at the first start` }];
  try {
    accessSync(folder, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch {
    const remedy = "Give it to your user, or name another with --data-dir.";
    return [{ what, state: "problem", detail: `${folder} cannot be written`, remedy }];
  }
  const { bavail, bsize } = statfsSync(folder);
  const free = bavail * bsize;
  const holder = readHolder(folder);
  const isRunning = holder !== undefined && isAlive(holder);
  return [
    { what, state: "ok", detail: folder },
    free >= LEAST_FREE_BYTES
      ? { what: "disk", state: "ok", detail: `${Math.round(free / 1e9)} GB free` }
      : {
          what: "disk",
          state: "problem",
          detail: `${Math.round(free / 1e6)} MB free`,
          remedy: "Make room: the journal must never be full.",
        },
    isRunning
      ? { what: "instance", state: "warning", detail: `process ${holder.pid} runs here; a second one is refused` }
      : { what: "instance", state: "ok", detail: "no other host" },
  ];
}

function latch(folder: string): readonly Finding[] {
  const reason = existsSync(folder) ? createKillLatch(folder).read() : undefined;
  if (reason === undefined) return [{ what: "kill switch", state: "ok", detail: "released" }];
  const remedy = "Start, look at orders and positions, then re-arm with phrase and reason.";
  return [{ what: "kill switch", state: "warning", detail: `latched: ${reason}`, remedy }];
}

/** The account's own journal and that of the newest simulated run; the folder itself where there is none yet. */
function journalFolders(folder: string): readonly string[] {
  const runs = join(folder, "runs");
  const newest = existsSync(runs) ? readdirSync(runs).sort().at(-1) : undefined;
  const found = [folder, ...(newest === undefined ? [] : [join(runs, newest)])].filter((place) =>
    existsSync(join(place, "journal.db")),
  );
  return found.length === 0 ? [folder] : found;
}

function journal(folder: string): Finding {
  const what = "journal";
  if (!existsSync(join(folder, "journal.db"))) return { what, state: "ok", detail: "begins with the first start" };
  const result = verifyJournal(folder);
  if (result.isValid) return { what, state: "ok", detail: `${folder}: ${result.rows} rows, chain valid` };
  const first = result.faults[0];
  const remedy = "It opens read-only. Keep a copy and look at the named row before anything else.";
  const detail = `${folder}: row ${String(first?.seq)}: ${first?.detail ?? "not valid"}`;
  return { what, state: "problem", detail, remedy };
}

function httpPort(port: number): Promise<Finding> {
  const what = "workstation port";
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () =>
      resolve({ what, state: "warning", detail: `${port} is in use; a free one will be taken` }),
    );
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve({ what, state: "ok", detail: `${port} is free` })));
  });
}
