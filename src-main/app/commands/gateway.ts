import { wallMs } from "#adapters/system/clock.ts";
import { createLogger } from "#adapters/system/logger.ts";
import { startSimulation } from "#app/market.ts";
import { MILLISECOND } from "#shared/lib/time.ts";
import { CommandError, type CommonOptions, configurationOf, EXIT, print, wholeNumber } from "./context.ts";
import { createEnding } from "./ending.ts";

export type GatewayCommandOptions = CommonOptions & {
  readonly lockStep?: string;
  readonly maxVersion?: string;
  readonly latencyMs?: string;
};

/** The simulator alone, for any client that speaks the protocol. */
export async function gateway(options: GatewayCommandOptions): Promise<number> {
  const { config } = configurationOf(options);
  if (config.profile !== "simulation") {
    throw new CommandError("BAD_PROFILE", `the gateway simulates; profile ${config.profile} does not`, EXIT.usage);
  }
  const { speed } = config.simulation;
  const ids = options.lockStep?.split(",").map(Number);
  if (speed === "max" && (ids === undefined || ids.some((id) => !Number.isInteger(id)))) {
    throw new CommandError(
      "BAD_OPTION",
      "--speed max needs --lock-step with the client ids, e.g. 10,11,12",
      EXIT.usage,
    );
  }
  const logger = createLogger({ level: config.log.level, name: "gateway" });
  const ending = createEnding();
  const latencyMs = wholeNumber("latency-ms", options.latencyMs);
  const maxVersion = wholeNumber("max-version", options.maxVersion);
  const simulator = await startSimulation({
    config,
    speed,
    now: Math.round(wallMs() * MILLISECOND),
    onLog: (line) => logger.info(line),
    onEnd: () => logger.info("the market has been played to its end"),
    ...(ids === undefined ? {} : { lockStepClientIds: ids }),
    ...(latencyMs === undefined ? {} : { latencyMs }),
    ...(maxVersion === undefined ? {} : { maxVersion }),
  });
  const document = { host: "127.0.0.1", port: simulator.port, account: simulator.accountId, speed, pid: process.pid };
  print(
    options,
    document,
    () => `SIMULATED gateway on 127.0.0.1:${simulator.port}, account ${simulator.accountId}, speed ${speed}`,
  );
  const { reason } = await ending.wait;
  logger.info(`ending: ${reason}`);
  await simulator.close();
  return EXIT.done;
}
