import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { z } from "zod";
import { productFile } from "#app/places.ts";

const packageSchema = z.object({ version: z.string() });

/** Version, commit and whether the checkout was changed since: what status bar, journal and receipts show. */
export function buildInfo(): string {
  const root = productFile("");
  const { version } = packageSchema.parse(JSON.parse(readFileSync(productFile("package.json"), "utf8")));
  const commit = git(root, ["rev-parse", "--short", "HEAD"]);
  if (commit === undefined) return version;
  const isDirty = git(root, ["status", "--porcelain", "--untracked-files=no"]) !== "";
  return `${version}+${commit}${isDirty ? ".dirty" : ""}`;
}

/** Undefined where there is no git or no repository: an installed product. */
function git(root: string, args: readonly string[]): string | undefined {
  try {
    return execFileSync("git", args, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}
