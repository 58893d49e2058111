import { describe, expect, test } from "vitest";
import { importsOf, type SourceFile, sourcesOf } from "./sources.ts";

const SOURCES = sourcesOf(["src-shared", "src-main", "src-renderer"], [".ts", ".tsx"]);
const isOurs = (path: string): boolean => path.startsWith("src-");

/** The first rule whose folder a file lies in decides what of ours it may import. */
type Layer = { readonly folder: string; readonly may: readonly string[] };
const LAYERS: readonly Layer[] = [
  { folder: "src-shared/lib/", may: ["src-shared/lib/"] },
  { folder: "src-shared/model/", may: ["src-shared/lib/", "src-shared/model/"] },
  { folder: "src-shared/contract/", may: ["src-shared/lib/", "src-shared/model/", "src-shared/contract/"] },
  { folder: "src-shared/rpc/", may: ["src-shared/"] },
  { folder: "src-main/core/engine/", may: ["src-shared/lib/", "src-shared/model/", "src-main/core/"] },
  { folder: "src-main/core/", may: ["src-shared/lib/", "src-shared/model/"] },
  { folder: "src-main/runtime/", may: ["src-shared/", "src-main/core/", "src-main/runtime/"] },
  {
    folder: "src-main/adapters/gateway-simulator/",
    may: ["src-shared/", "src-main/core/market/", "src-main/core/simulation/"],
  },
  { folder: "src-main/adapters/", may: ["src-shared/"] },
  { folder: "src-main/workers/", may: ["src-shared/", "src-main/"] },
  { folder: "src-main/app/", may: ["src-shared/", "src-main/"] },
  { folder: "src-renderer/", may: ["src-shared/", "src-renderer/"] },
];

/** Beside its own folder, a stage may see what is listed here. Each line is a decision, with its reason. */
const STAGE_MAY: Readonly<Record<string, readonly string[]>> = {
  // Kernels are folded over bars, and a session feature asks the calendar where it begins.
  features: ["market"],
  // A strategy reads features by name; bars are the vocabulary's.
  strategies: ["features"],
  // The exchange is a market: it builds bars, and keeps sessions. Its accounts match lots as our books do, in one place.
  simulation: ["market", "portfolio"],
};

/** What an adapter may see beside the vocabulary: its port, and the plain types that cross it. */
const ADAPTER_MAY = [
  "src-main/runtime/",
  "src-main/core/engine/event.ts",
  "src-main/core/engine/ledger.ts",
  "src-main/core/engine/note.ts",
  "src-main/core/risk/risk-engine.ts",
  "src-main/core/market/new-york.ts",
  "src-main/core/market/calendar.ts",
];

function own(path: string, root: string): string | undefined {
  return path.startsWith(root) ? path.slice(root.length).split("/")[0] : undefined;
}

function isAllowed(from: string, to: string): boolean {
  const layer = LAYERS.find(({ folder }) => from.startsWith(folder));
  if (layer === undefined) return false;
  if (layer.may.some((folder) => to.startsWith(folder))) return true;
  const stage = own(from, "src-main/core/");
  if (stage !== undefined) {
    const target = own(to, "src-main/core/");
    return target !== undefined && (target === stage || (STAGE_MAY[stage] ?? []).includes(target));
  }
  const adapter = own(from, "src-main/adapters/");
  if (adapter === undefined) return false;
  return own(to, "src-main/adapters/") === adapter || ADAPTER_MAY.some((path) => to.startsWith(path));
}

/** Edges of one file that the table does not allow. */
function badEdges(file: SourceFile): readonly string[] {
  return importsOf(file)
    .filter(isOurs)
    .filter((to) => !isAllowed(file.path, to))
    .map((to) => `${file.path} -> ${to}`);
}

describe("layers", () => {
  test("every import of ours is an edge that the table allows", () => {
    expect(SOURCES.length).toBeGreaterThan(150);
    expect(SOURCES.flatMap(badEdges)).toEqual([]);
  });

  test.each([
    ["src-shared/lib/money.ts", "#shared/model/order.ts"],
    ["src-shared/model/order.ts", "#core/risk/checks.ts"],
    ["src-main/core/risk/checks.ts", "#core/portfolio/portfolio.ts"],
    ["src-main/core/risk/checks.ts", "../execution/order-lifecycle.ts"],
    ["src-main/core/market/calendar.ts", "#core/engine/engine.ts"],
    ["src-main/core/engine/engine.ts", "#runtime/runner.ts"],
    ["src-main/core/strategies/baseline.ts", "#shared/contract/topics.ts"],
    ["src-main/adapters/ibkr/broker.ts", "#adapters/store/store-client.ts"],
    ["src-main/adapters/ibkr/broker.ts", "#core/simulation/exchange.ts"],
    ["src-main/adapters/http/server.ts", "#app/host.ts"],
    ["src-main/runtime/runner.ts", "#adapters/system/clock.ts"],
    ["src-renderer/app.tsx", "#core/engine/engine.ts"],
  ])("catches %s importing %s", (path, name) => {
    expect(badEdges({ path, text: `import { x } from "${name}";\n` })).toHaveLength(1);
  });

  test("sees imports in every form", () => {
    const forms = [
      'import type { A } from "#app/host.ts"',
      'export { A } from "#app/host.ts"',
      'import "#app/host.ts"',
      'const a = await import("#app/host.ts")',
      'import {\n  a,\n  b,\n} from "#app/host.ts"',
    ];
    for (const text of forms) expect(badEdges({ path: "src-main/core/risk/checks.ts", text }), text).toHaveLength(1);
  });
});

/** One library, one importer: the package and the only paths that may name it. */
const LIBRARIES: Readonly<Record<string, readonly string[]>> = {
  "@stoqey/ib": ["src-main/adapters/ibkr/"],
  rxjs: ["src-main/adapters/ibkr/"],
  "better-sqlite3": ["src-main/adapters/store/"],
  "onnxruntime-node": ["src-main/adapters/ml/"],
  fastify: ["src-main/adapters/http/"],
  "@fastify/static": ["src-main/adapters/http/"],
  "@fastify/websocket": ["src-main/adapters/http/"],
  ws: ["src-main/adapters/http/"],
  pino: ["src-main/adapters/system/"],
  commander: ["src-main/app/cli.ts"],
  electron: ["src-main/app/electron.ts", "src-main/app/preload.ts"],
  vite: ["src-main/app/workstation.ts"],
  "lightweight-charts": ["src-renderer/panels/chart/"],
  technicalindicators: ["src-renderer/panels/chart/"],
  react: ["src-renderer/"],
  "react-dom": ["src-renderer/"],
  zustand: ["src-renderer/state/"],
  zod: ["src-shared/", "src-main/adapters/", "src-main/app/", "src-main/core/strategies/"],
};

/** Packages, by the name that package.json has, that a file may not import; Node's own modules are for outside the core. */
function badPackages(file: SourceFile): readonly string[] {
  return importsOf(file)
    .filter((name) => !isOurs(name) && !name.startsWith("tests/") && !name.endsWith(".css"))
    .filter((name) => {
      if (name.startsWith("node:")) return /^src-(shared|renderer)\/|^src-main\/core\//.test(file.path);
      const parts = name.split("/");
      const packageName = name.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
      return !(LIBRARIES[packageName] ?? []).some((folder) => file.path.startsWith(folder));
    })
    .map((name) => `${file.path} -> ${name}`);
}

describe("libraries", () => {
  test("each is imported by its one folder, and none that is not listed", () => {
    expect(SOURCES.flatMap(badPackages).filter((edge) => !edge.endsWith("-> electron/package.json"))).toEqual([]);
  });

  test.each([
    ["src-main/runtime/runner.ts", "better-sqlite3"],
    ["src-main/app/host.ts", "electron"],
    ["src-renderer/panels/watchlist.tsx", "lightweight-charts"],
    ["src-main/core/risk/checks.ts", "node:fs"],
    ["src-shared/lib/time.ts", "node:perf_hooks"],
    ["src-main/core/market/calendar.ts", "luxon"],
    ["src-main/app/host.ts", "@stoqey/ib"],
  ])("catches %s importing %s", (path, name) => {
    expect(badPackages({ path, text: `import x from "${name}";\n` })).toHaveLength(1);
  });
});
