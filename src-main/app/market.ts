import { readFileSync } from "node:fs";
import { type GatewaySimulator, startGateway } from "#adapters/gateway-simulator/gateway-simulator.ts";
import { openRecordedFolder } from "#adapters/gateway-simulator/recorded-folder.ts";
import { type FaultRule, parseFaultScript } from "#adapters/gateway-simulator/server/fault-script.ts";
import { MINUTE_DAYS } from "#core/engine/options.ts";
import { type Calendar, createCalendar } from "#core/market/calendar.ts";
import { newYorkToUtc } from "#core/market/new-york.ts";
import { createMarketGenerator } from "#core/simulation/market-generator.ts";
import type { MarketSource } from "#core/simulation/market-source.ts";
import { WATCHLIST } from "#core/simulation/watchlist.ts";
import { present } from "#shared/lib/assert.ts";
import { HOUR, MINUTE, type Micros, parseDate, SECOND } from "#shared/lib/time.ts";
import type { Configuration } from "#shared/model/config.ts";

/** Late enough that the averages are warm, early enough that a session lies ahead. */
const DEFAULT_START = "10:30";

export type SimulationOptions = {
  readonly config: Configuration;
  readonly speed: number | "max";
  readonly lockStepClientIds?: readonly number[];
  readonly latencyMs?: number;
  readonly maxVersion?: number;
  readonly onLog: (line: string) => void;
  readonly onEnd: () => void;
  /** Microseconds since 1970, for the default date. */
  readonly now: Micros;
};

/** A day or a time that cannot be simulated. */
export class SimulationError extends Error {
  override readonly name = "SimulationError";
}

/** The simulator with the market that the configuration asks for: a recorded day, or the seeded generator. */
export async function startSimulation(options: SimulationOptions): Promise<GatewaySimulator> {
  const { simulation } = options.config;
  const { latencyMs, maxVersion, lockStepClientIds } = options;
  const starting = startGateway({
    port: simulation.port,
    source: marketOf(options),
    speed: options.speed,
    accountId: simulation.account,
    startingCash: simulation.startingCash,
    onLog: options.onLog,
    onEnd: options.onEnd,
    faultScript: faultScriptOf(simulation.faults),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
    ...(lockStepClientIds === undefined ? {} : { lockStepClientIds }),
  });
  return starting.catch((error: unknown) => {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "EADDRINUSE") throw portRefused(simulation.port, "it is in use");
    if (code === "EACCES") throw portRefused(simulation.port, "this user may not listen there");
    throw error;
  });
}

function portRefused(port: number, why: string): SimulationError {
  return new SimulationError(`port ${port} of the simulator: ${why}; name another with --port, or 0 for a free one`);
}

function faultScriptOf(path: string | undefined): readonly FaultRule[] {
  if (path === undefined) return [];
  try {
    return parseFaultScript(readFileSync(path, "utf8"), path);
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === undefined) throw error;
    throw new SimulationError(`simulation.faults ${path}: the file cannot be read (${String(code)})`, { cause: error });
  }
}

function marketOf({ config, now }: SimulationOptions): MarketSource {
  const calendar = present(createCalendar("XNYS"), "New York has a calendar");
  const { simulation } = config;
  const { replay, daily, date, seed } = simulation;
  if (replay !== undefined) return openRecordedFolder({ folder: replay, daily, date }, calendar);
  const sessionDate = date ?? latestFullSession(calendar, now);
  const session = calendar.sessionOn(sessionDate);
  const days = parseDate(sessionDate);
  if (session === undefined || days === undefined) {
    throw new SimulationError(`simulation.date ${date}: the exchange does not trade on that day`);
  }
  const start = newYorkToUtc(days, timeOfDay(simulation.startTime ?? DEFAULT_START));
  if (start < session.open || start >= session.close) {
    throw new SimulationError(
      `simulation.startTime ${simulation.startTime}: it lies outside the session of ${sessionDate}`,
    );
  }
  const minuteDays = Math.max(3, MINUTE_DAYS[config.strategy.interval] - 1);
  return createMarketGenerator({ seed, calendar, profiles: WATCHLIST, start, dailyDays: 90, minuteDays });
}

/** The last whole day that is over: who looks on wants to see more than the rest of a half one. */
function latestFullSession(calendar: Calendar, now: Micros): string {
  let session = calendar.previousSession(now);
  while (session?.isEarlyClose === true) session = calendar.previousSession(session.open);
  return present(session, "the calendar reaches back to a whole day").date;
}

/** Microseconds after midnight of `HH:MM` or `HH:MM:SS`. */
function timeOfDay(text: string): Micros {
  const [hours = 0, minutes = 0, seconds = 0] = text.split(":").map(Number);
  return hours * HOUR + minutes * MINUTE + seconds * SECOND;
}
