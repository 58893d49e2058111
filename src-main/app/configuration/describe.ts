import { CONFIG_KEYS, type ConfigKey } from "#shared/model/config.ts";
import type { ConfigAlias } from "#shared/model/config-field.ts";

/** One key as `robotrader config`, the settings panel and the README show it. */
export type ConfigurationRow = {
  readonly key: string;
  readonly title: string;
  readonly value: string;
  readonly source: string;
  readonly default: string;
  readonly range: string;
  readonly unit: string;
  readonly environmentName: string;
  /** `NAME` or `NAME (fraction)`. */
  readonly aliases: readonly string[];
  readonly option: string;
  readonly enforcedIn: string;
};

/** A value in words: lists with commas, a dash for what is unset. */
function valueText(value: unknown): string {
  if (value === undefined) return "-";
  if (Array.isArray(value)) return value.length === 0 ? "-" : value.join(",");
  if (typeof value === "string") return value;
  const words = JSON.stringify(value);
  return words === "{}" ? "-" : words;
}

const aliasText = ({ name, unit }: ConfigAlias): string => (unit === "same" ? name : `${name} (${unit})`);

function enforcement(key: ConfigKey): string {
  const where = key.enforcedIn.join(", ");
  return key.isEnforced ? where : `${where} (not yet)`;
}

function row(key: ConfigKey, effective: { readonly value: unknown; readonly source: string }): ConfigurationRow {
  return {
    key: key.key,
    title: key.title,
    value: valueText(effective.value),
    source: effective.source,
    default: valueText(key.default),
    range: key.range,
    unit: key.unit,
    environmentName: key.environmentName,
    aliases: key.aliases.map(aliasText),
    option: key.option ?? "",
    enforcedIn: enforcement(key),
  };
}

/** Every key with its effective value and source, in the order of the table. */
export function describeConfiguration(loaded: {
  readonly sources: ReadonlyMap<string, { readonly value: unknown; readonly source: string }>;
}): readonly ConfigurationRow[] {
  return CONFIG_KEYS.map((key) => row(key, loaded.sources.get(key.key) ?? { value: key.default, source: "default" }));
}

const COLUMNS = ["key", "value", "source", "range", "unit", "aliases", "enforcedIn"] as const;
const HEADINGS: Readonly<Record<(typeof COLUMNS)[number], string>> = {
  key: "Key",
  value: "Value",
  source: "Source",
  range: "Range",
  unit: "Unit",
  aliases: "Aliases",
  enforcedIn: "Enforced in",
};
/** Longer cells are cut on screen; `--json` has them whole. */
const WIDEST = 40;

const cut = (cell: string): string => (cell.length <= WIDEST ? cell : `${cell.slice(0, WIDEST - 3)}...`);

/** The rows as lines of aligned columns. */
export function configurationTable(rows: readonly ConfigurationRow[]): string {
  const cells = rows.map((one) =>
    COLUMNS.map((column) => {
      const cell = one[column];
      const words = typeof cell === "string" ? cell : cell.join(", ");
      return column === "aliases" ? words : cut(words);
    }),
  );
  const lines = [COLUMNS.map((column) => HEADINGS[column]), ...cells];
  const widths = COLUMNS.map((_, column) => Math.max(...lines.map((line) => line[column]?.length ?? 0)));
  return lines
    .map((line) =>
      line
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const code = (words: string): string => (words === "" || words === "-" ? words : `\`${words}\``);
const escaped = (words: string): string => words.replaceAll("|", "\\|");

/** The table of the README: every key, generated from the schema. */
export function configurationMarkdown(): string {
  const lines = CONFIG_KEYS.map((key) => {
    const names = [
      ...key.aliases.map((alias) => `${code(alias.name)}${alias.unit === "same" ? "" : ` (${alias.unit})`}`),
    ];
    const option = key.option === undefined ? [] : [code(key.option)];
    const cells = [code(key.key), key.title, code(valueText(key.default)), key.range, key.unit];
    return `| ${[...cells, [...names, ...option].join(", "), enforcement(key)].map(escaped).join(" | ")} |`;
  });
  return [
    "| Key | What | Default | Range | Unit | Aliases and option | Enforced in |",
    "|---|---|---|---|---|---|---|",
    ...lines,
  ].join("\n");
}
