import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { posix } from "node:path";
import { isNode, lineAt, parse, type SourceFile, type SyntaxNode, walk } from "./source-tree.ts";

/** What an import names: a file of ours, a module of Node, a library, or something only known when it runs. */
export type Target =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "node"; readonly name: string }
  | { readonly kind: "library"; readonly name: string }
  | { readonly kind: "computed" };

export type ImportEdge = {
  readonly from: string;
  readonly line: number;
  readonly target: Target;
  /** Only types cross: nothing of the target runs. */
  readonly isTypeOnly: boolean;
};

/** A loader under another name, as in `const load = createRequire(here)`, is not seen. */
const LOADER = /^(?:require|createRequire\(.*\))$/s;

/** Every edge of a file: `import`, `export from`, `import()`, `import("x").Type`, `require()` and `createRequire(here)()`. */
export function importsOf(file: SourceFile): readonly ImportEdge[] {
  const edges: ImportEdge[] = [];
  walk(parse(file).program, (node) => {
    const found = readImport(node, file.text);
    if (found === undefined) return;
    const target = found.specifier === undefined ? { kind: "computed" as const } : resolve(file.path, found.specifier);
    edges.push({ from: file.path, line: lineAt(file.text, node.start), target, isTypeOnly: found.isTypeOnly });
  });
  return edges;
}

type Found = { readonly specifier: string | undefined; readonly isTypeOnly: boolean };

function readImport(node: SyntaxNode, text: string): Found | undefined {
  switch (node.type) {
    case "ImportDeclaration":
      return { specifier: literal(node.source), isTypeOnly: isTypeOnly(node, "importKind") };
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return isNode(node.source)
        ? { specifier: literal(node.source), isTypeOnly: isTypeOnly(node, "exportKind") }
        : undefined;
    case "ImportExpression":
      return { specifier: literal(node.source), isTypeOnly: false };
    case "TSImportType":
      return { specifier: literal(node.source), isTypeOnly: true };
    case "CallExpression": {
      const { callee } = node;
      if (!isNode(callee) || !LOADER.test(text.slice(callee.start, callee.end))) return undefined;
      return { specifier: literal((node.arguments as readonly unknown[])[0]), isTypeOnly: false };
    }
    default:
      return undefined;
  }
}

/** `import type { A }`, or `import { type A, type B }`. An import for its effects has no specifier and runs. */
function isTypeOnly(node: SyntaxNode, field: "importKind" | "exportKind"): boolean {
  if (node[field] === "type") return true;
  const specifiers = Array.isArray(node.specifiers) ? node.specifiers.filter(isNode) : [];
  return specifiers.length > 0 && specifiers.every((specifier) => specifier[field] === "type");
}

/** The text of a string, or of a template without holes. */
function literal(node: unknown): string | undefined {
  if (!isNode(node)) return undefined;
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  const quasis = node.type === "TemplateLiteral" && Array.isArray(node.quasis) ? node.quasis : [];
  return quasis.length === 1 ? (quasis[0] as { value: { cooked: string } }).value.cooked : undefined;
}

const ALIASES: readonly (readonly [prefix: string, folder: string])[] = Object.entries(
  (JSON.parse(readFileSync("package.json", "utf8")) as { readonly imports: Readonly<Record<string, string>> }).imports,
).map(([alias, folder]) => [alias.replace("*", ""), posix.normalize(folder.replace("*", ""))]);

function resolve(from: string, specifier: string): Target {
  if (specifier.startsWith(".")) return { kind: "file", path: posix.join(posix.dirname(from), specifier) };
  for (const [prefix, folder] of ALIASES) {
    if (specifier.startsWith(prefix)) return { kind: "file", path: posix.join(folder, specifier.slice(prefix.length)) };
  }
  if (isBuiltin(specifier)) return { kind: "node", name: specifier };
  const [scopeOrName = "", name = ""] = specifier.split("/");
  return { kind: "library", name: specifier.startsWith("@") ? `${scopeOrName}/${name}` : scopeOrName };
}
