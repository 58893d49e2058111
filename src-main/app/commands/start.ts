import { workstationFolder } from "#app/commands/headless.ts";
import { startHost } from "#app/host.ts";
import { workerUrls } from "#app/places.ts";
import { openWindow } from "#app/window.ts";
import { buildWorkstation } from "#app/workstation.ts";
import { type CommonOptions, EXIT, prepare, print, wholeNumber } from "./context.ts";
import { broken, createEnding } from "./ending.ts";
import { runningUrl } from "./remote.ts";

export type StartOptions = CommonOptions & { readonly browser?: boolean; readonly latencyMs?: string };

const say = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

/** The workstation: served at once, its address printed; then a window beside it where one can be had. */
export async function start(options: StartOptions): Promise<number> {
  const context = prepare(options, "start");
  const { profile, simulation } = context.loaded.config;
  const running = await runningUrl(context.folder);
  if (running !== undefined) {
    say(`RoboTrader runs already on ${context.folder}; it is served at ${running}`);
    print(options, { url: running, isRunning: true }, () => "");
    return EXIT.done;
  }
  const latencyMs = wholeNumber("latency-ms", options.latencyMs);
  await buildWorkstation(workstationFolder(), say);
  const ending = createEnding();
  const host = await startHost({
    loaded: context.loaded,
    folder: context.folder,
    workers: workerUrls(),
    build: context.build,
    workstation: workstationFolder(),
    log: (line) => context.logger.info(line),
    onEnd: () => say("the recorded day has been played to its end"),
    onFatal: (error) => ending.fail(error),
    ...(latencyMs === undefined ? {} : { latencyMs }),
  });
  if (profile === "simulation")
    say(`SIMULATED market and account, at ${simulation.speed} times the speed of the clock.`);
  const address = host.loginUrl();
  say(`RoboTrader is served at ${address ?? "no address: http.enabled is false, or the workstation is not built"}`);
  if (options.json === true) {
    print(options, { url: address, isRunning: false, folder: context.folder, pid: process.pid }, () => "");
  }
  const window = await openWindow({ folder: context.folder, profile, isBrowserOnly: options.browser === true, say });
  const { reason, error } = await ending.wait;
  say(`ending: ${reason}`);
  window.close();
  if (error !== undefined) throw await broken(host, error);
  await host.stop();
  return EXIT.done;
}
