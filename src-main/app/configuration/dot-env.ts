export type Variable = { readonly name: string; readonly value: string; readonly source: string };
export type DotEnv = {
  readonly variables: readonly Variable[];
  readonly faults: readonly { readonly line: number; readonly text: string; readonly reason: string }[];
};

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;

/** The value behind `=`: quoted as it stands, else up to a comment that begins after a blank. */
function unquoted(text: string): string | undefined {
  const quote = text[0];
  if (quote !== '"' && quote !== "'") return text.replace(/(^|\s+)#.*$/, "").trimEnd();
  const end = text.indexOf(quote, 1);
  const isClosed = end > 0 && /^\s*(#.*)?$/.test(text.slice(end + 1));
  return isClosed ? text.slice(1, end) : undefined;
}

/**
 * Reads the lines `NAME=value` of a `.env` file. Nothing is expanded: `$NAME` stays as it is written. A line that is none
 * of assignment, comment or blank is a fault, and so is a name that is given two values.
 */
export function parseDotEnv(text: string): DotEnv {
  const variables = new Map<string, Variable>();
  const faults: { line: number; text: string; reason: string }[] = [];
  for (const [index, raw] of text
    .replace(/^\uFEFF/, "")
    .split(/\r\n|\n|\r/)
    .entries()) {
    const trimmed = raw.trim();
    if (trimmed === "" || trimmed.startsWith("#")) continue;
    const match = ASSIGNMENT.exec(trimmed);
    const name = match?.[1];
    const value = unquoted(match?.[2] ?? "");
    const fault = (reason: string) => faults.push({ line: index + 1, text: trimmed, reason });
    if (name === undefined) fault("not NAME=value");
    else if (value === undefined) fault("a quote is not closed");
    else if (variables.has(name) && variables.get(name)?.value !== value) fault(`${name} has another value above`);
    else variables.set(name, { name, value, source: `.env:${name}` });
  }
  return { variables: [...variables.values()], faults };
}
