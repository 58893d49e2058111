import { readdirSync, readFileSync } from "node:fs";
import { join, posix } from "node:path";

/** A file of ours, by its path from the root with forward slashes. */
export type SourceFile = { readonly path: string; readonly text: string };

/** Every file below the folders with one of the endings. */
export function sourcesOf(folders: readonly string[], endings: readonly string[]): readonly SourceFile[] {
  return folders.flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => endings.some((ending) => name.endsWith(ending)))
      .map((name) => join(folder, name).split("\\").join("/"))
      .map((path) => ({ path, text: readFileSync(path, "utf8") })),
  );
}

const ALIASES: readonly (readonly [prefix: string, folder: string])[] = [
  ["#shared/", "src-shared/"],
  ["#core/", "src-main/core/"],
  ["#runtime/", "src-main/runtime/"],
  ["#adapters/", "src-main/adapters/"],
  ["#app/", "src-main/app/"],
  ["#workers/", "src-main/workers/"],
  ["#renderer/", "src-renderer/"],
  ["#tests/", "tests/"],
];

/** What a file imports: paths of ours from the root, and names of packages as they are written. */
export function importsOf({ path, text }: SourceFile): readonly string[] {
  const statements = text.matchAll(/(?:^|\n)\s*(?:import|export)\b[^"'`;]*?from\s*"([^"]+)"/g);
  const bare = text.matchAll(/(?:^|\n)\s*import\s+"([^"]+)"/g);
  const dynamic = text.matchAll(/\bimport\(\s*"([^"]+)"\s*\)/g);
  const required = text.matchAll(/\brequire\(import\.meta\.url\)\("([^"]+)"\)|\bresolve\("([^"]+)"\)/g);
  return [...statements, ...bare, ...dynamic, ...required].flatMap((match) => {
    const name = match[1] ?? match[2];
    if (name === undefined) return [];
    if (name.startsWith(".")) return [posix.normalize(posix.join(posix.dirname(path), name))];
    const alias = ALIASES.find(([prefix]) => name.startsWith(prefix));
    return [alias === undefined ? name : alias[1] + name.slice(alias[0].length)];
  });
}
