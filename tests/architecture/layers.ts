import { type ImportEdge, importsOf, type Target } from "./imports.ts";
import type { SourceFile } from "./source-tree.ts";

/** What the files of a folder may import beside each other. A folder ends in a slash; anything else is one file. */
type Layer = { readonly folder: string; readonly may: readonly string[]; readonly mayUseNode: boolean };

const VOCABULARY = ["src-shared/lib/", "src-shared/model/"] as const;
const CONTRACT = [...VOCABULARY, "src-shared/contract/", "src-shared/rpc/"] as const;
const PORTS = ["src-main/runtime/ports.ts", "src-main/runtime/store-port.ts"] as const;
const TRADING_STAGES = ["market", "features", "strategies", "portfolio", "risk", "execution"] as const;
const STAGES = [...TRADING_STAGES, "simulation", "backtest", "learning"] as const;
const ADAPTERS = ["ibkr", "gateway-simulator", "store", "ml", "http", "system"] as const;

/** The table of the layers. A source file that no row names is an error. */
const LAYERS: readonly Layer[] = [
  { folder: "src-shared/lib/", may: [], mayUseNode: false },
  { folder: "src-shared/model/", may: ["src-shared/lib/"], mayUseNode: false },
  { folder: "src-shared/contract/", may: VOCABULARY, mayUseNode: false },
  { folder: "src-shared/rpc/", may: CONTRACT, mayUseNode: false },
  // Stages meet here only. What trades does not know the simulation, nor research.
  {
    folder: "src-main/core/engine/",
    may: [...VOCABULARY, ...TRADING_STAGES.map((stage) => `src-main/core/${stage}/`)],
    mayUseNode: false,
  },
  ...STAGES.map((stage) => ({ folder: `src-main/core/${stage}/`, may: VOCABULARY, mayUseNode: false })),
  { folder: "src-main/runtime/", may: ["src-main/core/", "src-shared/"], mayUseNode: true },
  ...ADAPTERS.map((adapter) => ({
    folder: `src-main/adapters/${adapter}/`,
    may: [...PORTS, "src-shared/", ...(adapter === "gateway-simulator" ? ["src-main/core/simulation/"] : [])],
    mayUseNode: true,
  })),
  { folder: "src-main/workers/", may: ["src-main/", "src-shared/"], mayUseNode: true },
  { folder: "src-main/app/", may: ["src-main/", "src-shared/"], mayUseNode: true },
  { folder: "src-renderer/", may: CONTRACT, mayUseNode: false },
];

type Exception = {
  readonly from: string;
  readonly to: readonly string[];
  readonly isTypeOnly: boolean;
  readonly because: string;
};

/** Edges beside the table, each with its reason. One that no file needs any more is an error. */
export const EXCEPTIONS: readonly Exception[] = [
  {
    from: "src-main/core/features/",
    to: ["src-main/core/market/calendar.ts", "src-main/core/market/new-york.ts"],
    isTypeOnly: false,
    because:
      "session features count from the exchange's open: the calendar is arithmetic of days, not the market stage",
  },
  {
    from: "src-main/core/simulation/",
    to: ["src-main/core/market/calendar.ts", "src-main/core/market/new-york.ts", "src-main/core/market/bar-builder.ts"],
    isTypeOnly: false,
    because: "the simulated exchange keeps the same hours, and its bars are made from prints as the engine makes them",
  },
  {
    from: "src-main/core/simulation/",
    to: ["src-main/core/portfolio/lots.ts"],
    isTypeOnly: false,
    because: "the simulated account closes lots first in, first out, as the books do",
  },
  {
    from: "src-main/adapters/gateway-simulator/",
    to: ["src-main/core/market/calendar.ts", "src-main/core/market/new-york.ts", "src-main/core/market/bar-builder.ts"],
    isTypeOnly: false,
    because:
      "trading hours, New York times and bars of any size are what a gateway tells; the simulation is built of them",
  },
  {
    from: "src-main/adapters/ibkr/",
    to: ["src-main/core/engine/event.ts", "src-main/core/risk/risk-engine.ts"],
    isTypeOnly: true,
    because: "the port Broker takes approved orders and answers in events: it is filled in its own types",
  },
];

/** The only places that may name a library. A library that no row names is an error. */
const HOMES: Readonly<Record<string, readonly string[]>> = {
  "@fastify/static": ["src-main/adapters/http/"],
  "@fastify/websocket": ["src-main/adapters/http/"],
  "@stoqey/ib": ["src-main/adapters/ibkr/"],
  "better-sqlite3": ["src-main/adapters/store/"],
  commander: ["src-main/app/cli.ts"],
  electron: ["src-main/app/electron.ts", "src-main/app/preload.ts"],
  fastify: ["src-main/adapters/http/"],
  "lightweight-charts": ["src-renderer/panels/chart/"],
  pino: ["src-main/adapters/system/"],
  react: ["src-renderer/"],
  "react-dom": ["src-renderer/main.tsx"],
  technicalindicators: ["src-renderer/panels/chart/"],
  // Builds the workstation's pages when a checkout is started without them.
  vite: ["src-main/app/workstation.ts"],
  ws: ["src-main/adapters/http/"],
  // Borders parse with it; a strategy states its parameters' ranges and reads its remembered state back with it.
  zod: ["src-shared/", "src-main/core/strategies/", "src-main/adapters/", "src-main/app/"],
  zustand: ["src-renderer/state/"],
};

/** What is wrong with the imports of the files, one sentence each. */
export function layerFindings(files: readonly SourceFile[]): readonly string[] {
  return files.flatMap((file) => {
    const layer = layerOf(file.path);
    if (layer === undefined) return [`${file.path} lies in no layer of the table`];
    return importsOf(file).flatMap((edge) => {
      const finding = findingOf(layer, edge);
      return finding === undefined ? [] : [`${edge.from}:${edge.line} ${finding}`];
    });
  });
}

function findingOf(layer: Layer, edge: ImportEdge): string | undefined {
  const { target } = edge;
  switch (target.kind) {
    case "node":
      return layer.mayUseNode ? undefined : `imports ${target.name}, but ${layer.folder} has no Node`;
    case "library":
      return libraryFinding(edge.from, target.name);
    case "computed":
      return "imports what is only known when it runs: no rule can be checked";
    case "file": {
      const isAllowed = [layer.folder, ...layer.may].some((place) => isWithin(target.path, place));
      if (isAllowed || EXCEPTIONS.some((exception) => permits(exception, edge))) return undefined;
      return `imports ${target.path}, which ${layer.folder} may not`;
    }
  }
}

function libraryFinding(from: string, library: string): string | undefined {
  const homes = Object.hasOwn(HOMES, library) ? HOMES[library] : undefined;
  if (homes === undefined) return `imports ${library}, a library without a home`;
  return homes.some((home) => isWithin(from, home))
    ? undefined
    : `imports ${library}, whose home is ${homes.join(", ")}`;
}

/** The exceptions that no edge of the files needs. */
export function unusedExceptions(files: readonly SourceFile[]): readonly string[] {
  const edges = files.flatMap(importsOf);
  return EXCEPTIONS.flatMap((exception) =>
    exception.to
      .filter((to) => !edges.some((edge) => permits({ ...exception, to: [to] }, edge)))
      .map((to) => `${exception.from} -> ${to}`),
  );
}

function permits(exception: Exception, edge: ImportEdge): boolean {
  if (!isWithin(edge.from, exception.from) || (exception.isTypeOnly && !edge.isTypeOnly)) return false;
  return exception.to.some((to) => isFile(edge.target, to));
}

function isFile(target: Target, path: string): boolean {
  return target.kind === "file" && target.path === path;
}

function layerOf(path: string): Layer | undefined {
  return LAYERS.find((layer) => isWithin(path, layer.folder));
}

function isWithin(path: string, place: string): boolean {
  return place.endsWith("/") ? path.startsWith(place) : path === place;
}
