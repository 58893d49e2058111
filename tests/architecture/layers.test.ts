import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { EXCEPTIONS, layerFindings, unusedExceptions } from "./layers.ts";
import { readTree } from "./source-tree.ts";

const sources = readTree((path) => /^src-(?:shared|main|renderer)\/.*\.tsx?$/.test(path));

test("every import of the product is one that its layer may make", () => {
  expect(sources.length).toBeGreaterThan(150);
  expect(layerFindings(sources)).toEqual([]);
});

test("every exception to the table is needed, and says why", () => {
  expect(unusedExceptions(sources)).toEqual([]);
  for (const { because } of EXCEPTIONS) expect(because.length).toBeGreaterThan(20);
});

test("the compiler gives vocabulary and core neither Node nor a document, and the pages no Node", () => {
  const root = optionsOf("tsconfig.json");
  expect([root.lib, root.types]).toEqual([["es2023"], []]);
  for (const folder of ["src-shared", "src-main/core"]) {
    const { lib, types } = optionsOf(`${folder}/tsconfig.json`);
    expect([folder, lib ?? root.lib, types ?? root.types]).toEqual([folder, ["es2023"], []]);
  }
  expect(optionsOf("src-renderer/tsconfig.json").types ?? root.types).not.toContain("node");
});

function optionsOf(path: string): { readonly lib?: readonly string[]; readonly types?: readonly string[] } {
  return JSON.parse(readFileSync(path, "utf8")).compilerOptions;
}

/** One planted bad edge for each rule: the file, its text, and what must be said about it. */
const BAD: readonly (readonly [rule: string, path: string, text: string, finding: string])[] = [
  ["vocabulary imports no source", "src-shared/lib/a.ts", `import { e } from "#core/engine/engine.ts";`, "engine.ts"],
  [
    "plain functions know no model",
    "src-shared/lib/a.ts",
    `import type { Order } from "../model/order.ts";`,
    "order.ts",
  ],
  ["the model knows no contract", "src-shared/model/a.ts", `import "#shared/contract/topics.ts";`, "topics.ts"],
  ["vocabulary has no Node", "src-shared/model/a.ts", `import "node:fs";`, "has no Node"],
  ["nor under its old name", "src-shared/model/a.ts", `import { readFileSync } from "fs";`, "has no Node"],
  ["the core has no Node", "src-main/core/risk/a.ts", `import { createHash } from "node:crypto";`, "has no Node"],
  ["a stage imports no stage", "src-main/core/risk/a.ts", `import { x } from "#core/portfolio/lots.ts";`, "lots.ts"],
  ["nor by a relative path", "src-main/core/risk/a.ts", `import { x } from "../portfolio/lots.ts";`, "lots.ts"],
  ["nor its types", "src-main/core/risk/a.ts", `import type { X } from "../portfolio/lots.ts";`, "lots.ts"],
  ["nor as a type in place", "src-main/core/risk/a.ts", `type X = import("../market/bar.ts").X;`, "market/bar.ts"],
  ["nor by handing it on", "src-main/core/risk/a.ts", `export * from "../market/bar.ts";`, "market/bar.ts"],
  ["nor by name", "src-main/core/risk/a.ts", `export { x } from "../market/bar.ts";`, "market/bar.ts"],
  ["nor the engine", "src-main/core/risk/a.ts", `import { e } from "#core/engine/engine.ts";`, "engine.ts"],
  ["an exception names files", "src-main/core/features/a.ts", `import "#core/market/validation.ts";`, "validation.ts"],
  ["the engine knows no simulation", "src-main/core/engine/a.ts", `import "#core/simulation/exchange.ts";`, "exchange"],
  ["the core knows no contract", "src-main/core/engine/a.ts", `import "#shared/contract/topics.ts";`, "topics.ts"],
  ["the core knows no shell", "src-main/core/engine/a.ts", `import "#runtime/runner.ts";`, "runner.ts"],
  ["the shell knows no adapter", "src-main/runtime/a.ts", `await import("#adapters/store/journal.ts");`, "journal.ts"],
  ["the shell knows no host", "src-main/runtime/a.ts", `import "#app/host.ts";`, "host.ts"],
  ["an adapter imports no adapter", "src-main/adapters/http/a.ts", `import "../store/journal.ts";`, "journal.ts"],
  ["nor the runner", "src-main/adapters/store/a.ts", `import { Runner } from "#runtime/runner.ts";`, "runner.ts"],
  ["nor the simulation", "src-main/adapters/ibkr/a.ts", `import "#core/simulation/exchange.ts";`, "exchange.ts"],
  ["nor the engine's code", "src-main/adapters/ibkr/a.ts", `import { e } from "#core/engine/event.ts";`, "event.ts"],
  [
    "the simulator knows no risk",
    "src-main/adapters/gateway-simulator/a.ts",
    `import "#core/risk/checks.ts";`,
    "checks",
  ],
  [
    "the pages know no source",
    "src-renderer/panels/a.tsx",
    `import { h } from "../../src-main/app/host.ts";`,
    "host.ts",
  ],
  ["the pages have no Node", "src-renderer/panels/a.tsx", `import fs from "node:fs";`, "has no Node"],
  ["no source knows the tests", "src-main/app/a.ts", `import "#tests/support/host.ts";`, "host.ts"],
  ["no source knows the pages", "src-main/app/a.ts", `import "#renderer/ui/format.ts";`, "format.ts"],
  ["a folder has a layer", "src-main/helpers/a.ts", "", "no layer"],
  ["a library has a home", "src-main/app/a.ts", `import _ from "lodash";`, "without a home"],
  ["a computed import is none", "src-main/app/a.ts", "await import(name);", "only known when it runs"],
  ["the wire's library", "src-main/app/a.ts", `import { IBApi } from "@stoqey/ib";`, "@stoqey/ib, whose home"],
  ["also its types", "src-main/runtime/a.ts", `import type { Contract } from "@stoqey/ib";`, "@stoqey/ib, whose home"],
  ["also its parts", "src-main/app/a.ts", `import "@stoqey/ib/dist/core/io/socket.js";`, "@stoqey/ib, whose home"],
  ["the database", "src-main/app/a.ts", `import Database from "better-sqlite3";`, "better-sqlite3, whose home"],
  ["also required", "src-main/app/a.ts", `createRequire(import.meta.url)("better-sqlite3");`, "better-sqlite3, whose"],
  ["Electron", "src-main/app/window.ts", `import { app } from "electron";`, "electron, whose home"],
  ["the chart", "src-renderer/panels/ticket.tsx", `import "lightweight-charts";`, "lightweight-charts, whose home"],
  [
    "the studies",
    "src-renderer/ui/format.ts",
    `import { SMA } from "technicalindicators";`,
    "technicalindicators, whose",
  ],
  ["the server", "src-main/app/a.ts", `import fastify from "fastify";`, "fastify, whose home"],
  ["the web socket", "src-main/adapters/ibkr/a.ts", `import type { WebSocket } from "ws";`, "ws, whose home"],
  ["the log", "src-main/core/engine/a.ts", `import { pino } from "pino";`, "pino, whose home"],
  ["the command line", "src-main/adapters/system/a.ts", `import "commander";`, "commander, whose home"],
  ["the schemas", "src-main/core/risk/a.ts", `import { z } from "zod";`, "zod, whose home"],
];

describe("a planted bad edge is found", () => {
  test.each(BAD)("%s: %s", (_rule, path, text, finding) => {
    expect(layerFindings([{ path, text }])).toEqual([expect.stringContaining(finding)]);
  });
});

/** Edges that look bad and are not. */
const GOOD: readonly (readonly [path: string, text: string])[] = [
  ["src-main/core/risk/a.ts", `// import "node:fs"\nconst text = 'import "node:fs"';`],
  ["src-main/core/risk/a.ts", `import { b } from "./b.ts"; import type { Micros } from "#shared/lib/time.ts";`],
  ["src-main/core/engine/a.ts", `import { decide } from "../risk/risk-engine.ts";`],
  ["src-main/adapters/ibkr/a.ts", `import { type EngineEvent } from "#core/engine/event.ts";`],
  ["src-main/adapters/gateway-simulator/desks/a.ts", `import { Exchange } from "#core/simulation/exchange.ts";`],
  ["src-main/adapters/store/a.ts", `createRequire(import.meta.url)("better-sqlite3");`],
];

test.each(GOOD)("%s may say %s", (path, text) => {
  expect(layerFindings([{ path, text }])).toEqual([]);
});
