import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { workstationFolder } from "#app/commands/headless.ts";
import { buildWorkstation } from "#app/workstation.ts";
import { newFolder } from "#tests/support/host.ts";
import { engineSpeed } from "./engine-speed.ts";
import { gatewaySpeed } from "./gateway-speed.ts";
import { coldStart, replayedDay } from "./host-speed.ts";
import type { Figure } from "./statistics.ts";
import { warmUpSpeed } from "./warm-up-speed.ts";

const SAMPLE = join("assets", "sample-session");
const STARTS = 5;

const say = (line: string): void => {
  process.stdout.write(`${line}\n`);
};

function row({ name, value, unit, beside }: Figure): string {
  return `${name.padEnd(44)}${value.toLocaleString("en").padStart(12)} ${unit.padEnd(11)} ${beside}`;
}

const folder = newFolder("bench");
try {
  say(`Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? "unknown processor"}`);
  await buildWorkstation(workstationFolder(), say);
  const day = await replayedDay(SAMPLE, folder);
  const figures = [
    ...(await engineSpeed(day.run)),
    ...day.figures,
    ...(await gatewaySpeed(SAMPLE)),
    ...(await warmUpSpeed()),
    ...(await coldStart(STARTS)),
  ];
  for (const figure of figures) say(row(figure));
  mkdirSync("artifacts", { recursive: true });
  writeFileSync(
    join("artifacts", "bench.json"),
    `${JSON.stringify({ node: process.version, figures }, undefined, 2)}\n`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
