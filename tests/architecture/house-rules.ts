import { posix } from "node:path";
import { isCode, isNode, lineAt, parse, type SourceFile, type SyntaxNode, walk } from "./source-tree.ts";

/** One rule of the house: the files that it holds for, and what is wrong with one of them. */
export type HouseRule = {
  readonly name: string;
  readonly holdsFor: (path: string) => boolean;
  readonly find: (file: SourceFile) => readonly Finding[];
};
type Finding = { readonly offset: number; readonly what: string };

const FILE_LINES = 500;
/** The linter has the same limit, but does not count the lines of a page's elements. */
const FUNCTION_LINES = 70;

const isProduct = (path: string): boolean => isCode(path) && /^src-(?:shared|main|renderer)\//.test(path);
const isTest = (path: string): boolean => isCode(path) && path.startsWith("tests/");
const isWritten = (path: string): boolean => isCode(path) || /\.(?:css|html)$/.test(path);

/** Each rule has its bad samples in tidy.test.ts. */
export const HOUSE_RULES: readonly HouseRule[] = [
  { name: `a file has at most ${FILE_LINES} lines`, holdsFor: isWritten, find: longFile },
  { name: `a function has at most ${FUNCTION_LINES} lines`, holdsFor: isProduct, find: longFunctions },
  { name: "no note to ourselves", holdsFor: isText, find: notesToOurselves },
  { name: "no test runs alone", holdsFor: isTest, find: lonelyTests },
  { name: "no comment silences a tool", holdsFor: isCode, find: silencingComments },
  { name: "no catch is empty or only logs", holdsFor: isCode, find: idleCatches },
  { name: "the core has neither clock nor chance", holdsFor: isDeterministic, find: clocksAndChance },
  { name: "no text becomes code or markup", holdsFor: isProduct, find: evaluatedText },
  // The machine that runs .ci/run lends it a folder of recorded data; all else learns of it by ROBOTRADER_TEST_DATA.
  {
    name: "no path leaves the repository",
    holdsFor: (path) => isText(path) && !path.startsWith(".ci/"),
    find: pathsThatLeave,
  },
];

export function findingsOf(rule: HouseRule, files: readonly SourceFile[]): readonly string[] {
  return files
    .filter(({ path }) => rule.holdsFor(path))
    .flatMap((file) => rule.find(file).map(({ offset, what }) => `${file.path}:${lineAt(file.text, offset)} ${what}`));
}

/** Everything that is written by hand; data, pictures, the lock file and the licence are not. */
export function isText(path: string): boolean {
  if (path === "package-lock.json" || path === "LICENSE") return false;
  return isWritten(path) || /\.(?:md|json|ya?ml|sh)$|(?:^|\/)(?:NOTICE|\.npmrc|\.gitignore)$|^\.ci\//.test(path);
}

function isDeterministic(path: string): boolean {
  return isProduct(path) && /^src-(?:shared|main\/core)\//.test(path);
}

function longFile({ text }: SourceFile): readonly Finding[] {
  const lines = text.replace(/\n$/, "").split("\n").length;
  return lines > FILE_LINES ? [{ offset: 0, what: `has ${lines} lines` }] : [];
}

/** Blank lines do not count. A test may be long: it is a story, not a step of one. */
function longFunctions(file: SourceFile): readonly Finding[] {
  return findNodes(file, (node) => {
    const isFunction = /^(?:FunctionDeclaration|FunctionExpression|ArrowFunctionExpression)$/.test(node.type);
    if (!isFunction) return undefined;
    const lines = file.text.slice(node.start, node.end).split("\n");
    const count = lines.filter((line) => line.trim() !== "").length;
    return count > FUNCTION_LINES ? `is a function of ${count} lines` : undefined;
  });
}

/** In code the comments are searched, so that a string may speak of it; elsewhere the whole text is. */
function notesToOurselves(file: SourceFile): readonly Finding[] {
  return inComments(file, /\b(?:TODO|FIXME|XXX|HACK)\b/g, "is a note to ourselves");
}

function silencingComments(file: SourceFile): readonly Finding[] {
  const silencers = /biome-ignore|eslint-disable|@ts-(?:ignore|expect-error|nocheck)|(?:c8|v8|istanbul) ignore/g;
  return inComments(file, silencers, "silences a tool");
}

function lonelyTests(file: SourceFile): readonly Finding[] {
  return findNodes(file, (node) => {
    const callee = calleeOf(node, file.text);
    if (callee === undefined) return undefined;
    const isAlone =
      /^(?:test|it|describe|suite|bench)\b[^(]*\.only\b/.test(callee) || /^f(?:describe|it)$/.test(callee);
    return isAlone ? `${callee} keeps the other tests from running` : undefined;
  });
}

function idleCatches(file: SourceFile): readonly Finding[] {
  return findNodes(file, (node) => {
    if (node.type === "CatchClause") return idleness(node.body, file.text);
    if (node.type !== "CallExpression" || !isNode(node.callee) || node.callee.type !== "MemberExpression")
      return undefined;
    const { property } = node.callee;
    if (!isNode(property) || property.name !== "catch") return undefined;
    const handler = (node.arguments as readonly unknown[])[0];
    if (!isNode(handler)) return undefined;
    if (isLog(file.text.slice(handler.start, handler.end))) return "a catch that only logs";
    return /Function/.test(handler.type) ? idleness(handler.body, file.text) : undefined;
  });
}

/** `() => undefined` says that there is nothing to do; `() => {}` says nothing. */
function idleness(body: unknown, text: string): string | undefined {
  if (!isNode(body)) return undefined;
  const statements = body.type === "BlockStatement" && Array.isArray(body.body) ? body.body.filter(isNode) : [body];
  if (statements.length === 0) return "an empty catch";
  return statements.every((statement) => logs(statement, text)) ? "a catch that only logs" : undefined;
}

function logs(node: SyntaxNode, text: string): boolean {
  const inner = node.expression ?? node.argument;
  if (/^(?:ExpressionStatement|AwaitExpression|UnaryExpression)$/.test(node.type) && isNode(inner))
    return logs(inner, text);
  const callee = calleeOf(node, text);
  return callee !== undefined && isLog(callee);
}

/** `console.error`, `this.logger?.warn`, `options.log`, `warn`. */
function isLog(callee: string): boolean {
  return /(?:^|\.)(?:console|log|logger)\??\.\w+$|(?:^|\.)(?:log|onLog|warn|debug|info|trace)$/.test(callee);
}

function clocksAndChance(file: SourceFile): readonly Finding[] {
  return findNodes(file, (node, parent) => {
    if (node.type !== "Identifier" || parent === undefined) return undefined;
    const isName = (parent.property === node || parent.key === node) && parent.computed !== true;
    const isGlobal = !isName || /^(?:globalThis|window|self)\./.test(file.text.slice(parent.start, parent.end));
    if (!isGlobal) return undefined;
    if (/^(?:Date|performance|crypto|Temporal)$/.test(String(node.name)))
      return `uses ${node.name}: time is in the event`;
    const isArithmetic = parent.type === "MemberExpression" && parent.object === node && !drawsNumber(parent);
    return node.name === "Math" && !isArithmetic ? "may draw from Math.random: chance comes from the Rng" : undefined;
  });
}

function drawsNumber({ property, computed }: SyntaxNode): boolean {
  return computed === true || (isNode(property) && property.name === "random");
}

function evaluatedText(file: SourceFile): readonly Finding[] {
  return findNodes(file, (node, parent) => {
    const name = String(node.name);
    if (node.type === "JSXIdentifier") return name === "dangerouslySetInnerHTML" ? `uses ${name}` : undefined;
    if (node.type !== "Identifier") return undefined;
    const isCalled = parent?.callee === node && /^(?:eval|Function)$/.test(name);
    return isCalled || /^(?:innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML)$/.test(name)
      ? `uses ${name}`
      : undefined;
  });
}

const CLIMB = /(?:\.\.\/)+[\w.@-]+(?:\/[\w.@-]+)*/g;
/** Folders that lie beside the repository where it is developed, and roots that a single machine has. */
const BESIDE = /^(?:\.\.\/)+(?:shared|\.library)(?:\/|$)/;
const MACHINE = /(?<![\w.$}~-])\/(?:work|root)\/|\bcd \.\.(?![\w/])/g;

/** A climb is followed from the file's folder; code may import a program of a folder `shared` of its own. */
function pathsThatLeave({ path, text }: SourceFile): readonly Finding[] {
  const climbs = [...text.matchAll(CLIMB)].filter(([climb]) => {
    const target = posix.join(posix.dirname(path), climb);
    return target.startsWith("../") || (BESIDE.test(climb) && !isCode(climb));
  });
  return [...climbs, ...text.matchAll(MACHINE)].map((match) => ({ offset: match.index, what: `names ${match[0]}` }));
}

function findNodes(
  file: SourceFile,
  judge: (node: SyntaxNode, parent: SyntaxNode | undefined) => string | undefined,
): readonly Finding[] {
  const findings: Finding[] = [];
  walk(parse(file).program, (node, parent) => {
    const what = judge(node, parent);
    if (what !== undefined) findings.push({ offset: node.start, what });
  });
  return findings;
}

function inComments(file: SourceFile, pattern: RegExp, what: string): readonly Finding[] {
  const places = isCode(file.path) ? parse(file).comments : [{ value: file.text, start: 0 }];
  return places.flatMap(({ value, start }) =>
    [...value.matchAll(pattern)].map((match) => ({ offset: start + match.index, what: `${match[0]} ${what}` })),
  );
}

/** The source text of what is called, e.g. `test.each`. */
function calleeOf({ type, callee }: SyntaxNode, text: string): string | undefined {
  return type === "CallExpression" && isNode(callee) ? text.slice(callee.start, callee.end) : undefined;
}
