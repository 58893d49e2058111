import { closeSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname, join } from "node:path";
import { attachView, newFolder, until } from "#tests/support/host.ts";
import { cli, runCli } from "#tests/support/processes.ts";
import { type Figure, median, quantile } from "./statistics.ts";

type Distribution = { readonly count: number; readonly p50: number; readonly p99: number };
type Report = {
  readonly journal: string;
  readonly latencyMs: {
    readonly tickToOrder: Distribution;
    readonly process: Distribution;
    readonly journal: Distribution;
  };
  readonly memory: { readonly rssMegabytes: number; readonly peakMegabytes: number };
};

const ms = (value: number): number => Math.round(value * 100) / 100;

/** One recorded day through the whole host: latency with a durable journal beside a bare fsync, and memory at its end. */
export async function replayedDay(
  sample: string,
  folder: string,
): Promise<{ run: string; figures: readonly Figure[] }> {
  const flags = ["--replay", `${sample}/minute`, "--daily", `${sample}/daily`, "--interval", "1m"];
  const began = performance.now();
  const { code, stdout, stderr } = await cli(
    [
      "headless",
      "--auto",
      "--speed",
      "max",
      "--exit-at-end",
      "--json",
      "--log-level",
      "error",
      "--data-dir",
      folder,
    ].concat(flags),
  );
  if (code !== 0) throw new Error(`the replayed day failed: ${stderr}`);
  const seconds = (performance.now() - began) / 1_000;
  const { latencyMs, memory, journal } = JSON.parse(stdout) as Report;
  const { tickToOrder } = latencyMs;
  const bare = fsyncTimes(dirname(journal));
  return {
    run: dirname(journal),
    figures: [
      {
        name: "tick -> order bytes, journal durable, p50",
        value: ms(tickToOrder.p50),
        unit: "ms",
        beside: `a bare fsync here p50 ${ms(quantile(bare, 0.5))} ms; ${tickToOrder.count} orders`,
      },
      {
        name: "tick -> order bytes, journal durable, p99",
        value: ms(tickToOrder.p99),
        unit: "ms",
        beside: `a bare fsync here p99 ${ms(quantile(bare, 0.99))} ms`,
      },
      { name: "one event in the engine, p99", value: ms(latencyMs.process.p99), unit: "ms", beside: "" },
      {
        name: "a replayed day, host and simulator",
        value: ms(seconds),
        unit: "s",
        beside: "of 6.5 hours of three symbols",
      },
      {
        name: "memory after one replayed day",
        value: memory.rssMegabytes,
        unit: "MB",
        beside: `peak ${memory.peakMegabytes} MB, simulator included`,
      },
    ],
  };
}

/** Milliseconds of writing one page and forcing it to the disk that the journal lies on. */
function fsyncTimes(folder: string): readonly number[] {
  const path = join(folder, "fsync.probe");
  const file = openSync(path, "w");
  const page = Buffer.alloc(4_096, 1);
  const times = Array.from({ length: 300 }, (_, index) => {
    const began = performance.now();
    writeSync(file, page, 0, page.length, index * page.length);
    fsyncSync(file);
    return performance.now() - began;
  });
  closeSync(file);
  rmSync(path);
  return times;
}

/** From the start of the process to a workstation that is served, and to live quotes and candles on it. */
export async function coldStart(rounds: number): Promise<readonly Figure[]> {
  const served: number[] = [];
  const live: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const folder = newFolder("bench-start");
    const began = performance.now();
    const running = runCli(["start", "--browser", "--http-port", "0", "--data-dir", folder, "--log-level", "error"]);
    await until(() => /served at/.test(running.output.stderr), "the address is printed", 60_000);
    served.push(performance.now() - began);
    const view = await attachView(folder);
    await until(() => view.rows("status")[0]?.link.state === "live", "the link is live", 60_000);
    const { bars } = await view.client.request("bars", { symbol: "AAPL", timeframe: "5m", count: 100 });
    if (bars.length > 0) live.push(performance.now() - began);
    view.close();
    running.child.kill("SIGTERM");
    await running.exited;
    rmSync(folder, { recursive: true, force: true });
  }
  return [
    {
      name: "cold start to served workstation",
      value: ms(median(served)),
      unit: "ms",
      beside: `median of ${served.length}`,
    },
    {
      name: "cold start to live link and candles",
      value: ms(median(live)),
      unit: "ms",
      beside: `median of ${live.length}`,
    },
  ];
}
