/** Names that reach into the prototype of an object. */
const FORBIDDEN = new Set(["__proto__", "constructor", "prototype"]);

/** Deeper than anything that can be set. */
const MAX_DEPTH = 8;

export const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** The first key anywhere in the value that could reach a prototype, or a sentence on its depth; undefined when none. */
export function forbiddenKey(value: unknown, depth = 0): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  if (depth > MAX_DEPTH) return "so deep a nesting";
  for (const [key, inner] of Object.entries(value)) {
    if (FORBIDDEN.has(key)) return key;
    const found = forbiddenKey(inner, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The first key that stands twice in one object of a valid JSON text: the parser would silently take the last. */
export function repeatedKey(json: string): string | undefined {
  const open: Set<string>[] = [];
  for (const [, quoted, colon, bracket] of json.matchAll(/("(?:[^"\\]|\\.)*")(\s*:)?|([{}[\]])/g)) {
    if (bracket === "{" || bracket === "[") open.push(new Set());
    if (bracket === "}" || bracket === "]") open.pop();
    if (quoted === undefined || colon === undefined) continue;
    const key = String(JSON.parse(quoted));
    const keys = open.at(-1);
    if (keys?.has(key)) return key;
    keys?.add(key);
  }
  return undefined;
}

/** An object from the text of a file, or why there is none. */
export function parseJsonObject(
  json: string,
): { readonly object: Readonly<Record<string, unknown>> } | { readonly reason: string } {
  const text = json.replace(/^\uFEFF/, "");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { reason: error instanceof Error ? error.message : "not JSON" };
  }
  if (!isRecord(value)) return { reason: "not an object" };
  const forbidden = forbiddenKey(value);
  if (forbidden !== undefined) return { reason: `${forbidden} is no key` };
  const repeated = repeatedKey(text);
  return repeated === undefined ? { object: value } : { reason: `${repeated} stands twice in one object` };
}
