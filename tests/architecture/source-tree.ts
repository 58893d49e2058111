import { readdirSync, readFileSync } from "node:fs";
import { parseSync } from "vite";

/** A text file of the repository; its path is relative to the root, with forward slashes. */
export type SourceFile = { readonly path: string; readonly text: string };

/** A node of the syntax tree as ESTree and its TypeScript extension name it. */
export type SyntaxNode = {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [field: string]: unknown;
};
type Syntax = {
  readonly program: SyntaxNode;
  readonly comments: readonly { readonly value: string; readonly start: number }[];
};

const CODE = /\.(?:ts|tsx|mts|mjs|js)$/;

export function isCode(path: string): boolean {
  return CODE.test(path);
}

/** Every file that belongs to the repository. The folders that `.gitignore` names are left out, as is `.git`. */
export function readTree(isWanted: (path: string) => boolean): readonly SourceFile[] {
  const ignored = new Set([".git", ...ignoredFolders(readFileSync(".gitignore", "utf8"))]);
  const files: SourceFile[] = [];
  const visit = (folder: string): void => {
    for (const entry of readdirSync(folder === "" ? "." : folder, { withFileTypes: true })) {
      const path = folder === "" ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory() && !ignored.has(entry.name)) visit(path);
      else if (entry.isFile() && isWanted(path)) files.push({ path, text: readFileSync(path, "utf8") });
    }
  };
  visit("");
  return files;
}

function ignoredFolders(gitignore: string): readonly string[] {
  const lines = gitignore.split("\n").map((line) => line.trim());
  return lines.filter((line) => line.endsWith("/")).map((line) => line.slice(0, -1));
}

/**
 * The syntax tree, by the parser that builds the product: TypeScript 7 has no interface for programs.
 *
 * @throws Error for a file that is no valid program: a rule that reads half a tree would pass by chance
 */
export function parse(file: SourceFile): Syntax {
  const known = parsed.get(file) ?? parseFile(file);
  parsed.set(file, known);
  return known;
}

/** The rules look at the same files one after the other. */
const parsed = new WeakMap<SourceFile, Syntax>();

function parseFile({ path, text }: SourceFile): Syntax {
  const { program, comments, errors } = parseSync(path, text);
  const error = errors[0];
  if (error !== undefined) throw new Error(`${path} cannot be parsed: ${error.message}`);
  return { program: program as unknown as SyntaxNode, comments };
}

/** Visits every node, parents first. */
export function walk(node: SyntaxNode, visit: (node: SyntaxNode, parent: SyntaxNode | undefined) => void): void {
  const descend = (current: SyntaxNode, parent: SyntaxNode | undefined): void => {
    visit(current, parent);
    for (const value of Object.values(current)) {
      for (const child of Array.isArray(value) ? value : [value]) if (isNode(child)) descend(child, current);
    }
  };
  descend(node, undefined);
}

export function isNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}

/** The first line is 1. */
export function lineAt(text: string, offset: number): number {
  let line = 1;
  for (let index = text.indexOf("\n"); index !== -1 && index < offset; index = text.indexOf("\n", index + 1)) line += 1;
  return line;
}
