import { z } from "zod";
import { newYorkOffset, newYorkToUtc } from "#core/market/new-york.ts";
import { DAY, HOUR, MINUTE, type Micros, SECOND } from "#shared/lib/time.ts";
import { BAD_BYTES, type Faults } from "./faults.ts";

const clientId = z.int().min(0).max(999).optional();
const seconds = z.number().positive().max(86_400);
/** Time of the exchange on the first simulated day. */
const when = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d:[0-5]\d$/, "a time of the exchange is needed, HH:MM:SS");

const fault = <N extends string, S extends z.ZodRawShape>(name: N, shape: S) =>
  z.strictObject({ when, fault: z.literal(name), with: z.strictObject(shape) });

/** The faults of the first stage (`Faults`), each with what it needs. */
const ruleSchema = z.discriminatedUnion("fault", [
  fault("closeLink", { clientId }),
  fault("resetInFrame", { clientId }),
  fault("outage", { seconds }),
  fault("silence", { seconds, clientId }),
  fault("splitBytes", { seconds, clientId }),
  fault("bytes", { kind: z.enum(BAD_BYTES), clientId }),
  fault("loseBroker", { seconds, code: z.literal([1101, 1102]) }),
  fault("systemMessage", { code: z.int().min(100).max(99_999), text: z.string().max(500) }),
  fault("latency", { milliseconds: z.number().min(0).max(60_000) }),
  fault("lateAcknowledgements", { milliseconds: z.number().positive().max(60_000), orders: z.int().min(1).max(1_000) }),
  fault("lostAcknowledgements", { orders: z.int().min(1).max(1_000) }),
  fault("duplicateStatus", { seconds }),
  fault("partialFills", { shares: z.int().min(1).max(1_000_000), seconds }),
  fault("rollBackOrderIds", { count: z.int().min(1).max(1_000_000) }),
]);
const scriptSchema = z.array(ruleSchema).max(10_000);

export type FaultRule = z.infer<typeof ruleSchema>;
export const FAULT_NAMES: readonly FaultRule["fault"][] = ruleSchema.options.map(({ shape }) => shape.fault.value);

/** A fault script that cannot be played: every problem, each with its place, value and what is allowed. */
export class FaultScriptError extends Error {
  override readonly name = "FaultScriptError";
}

/** Reads a script: a JSON array of `{ when, fault, with }`. Throws a `FaultScriptError` that names `place`. */
export function parseFaultScript(text: string, place: string): readonly FaultRule[] {
  const parsed = scriptSchema.safeParse(jsonOf(text, place), { reportInput: true });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) => {
    const path = issue.path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("");
    const given = issue.input === undefined ? "" : ` (got ${JSON.stringify(issue.input).slice(0, 80)})`;
    return `${place}: ${path === "" ? "script" : `rule${path}`}: ${issue.message}${given}`;
  });
  throw new FaultScriptError(problems.join("\n"));
}

function jsonOf(text: string, place: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new FaultScriptError(`${place}: this is no JSON: ${String(error)}`, { cause: error });
  }
}

/** Plans every rule on the day of `start`. A rule whose time is over when the simulator starts is refused by name. */
export function planFaults(faults: Faults, rules: readonly FaultRule[], start: Micros): void {
  const day = Math.floor((start + newYorkOffset(start)) / DAY);
  for (const rule of rules) {
    const [hours = 0, minutes = 0, secondsOfMinute = 0] = rule.when.split(":").map(Number);
    const time = newYorkToUtc(day, hours * HOUR + minutes * MINUTE + secondsOfMinute * SECOND);
    if (time < start) {
      throw new FaultScriptError(`fault ${rule.fault} at ${rule.when}: the simulation starts after that time`);
    }
    faults.at(time, () => play(faults, rule));
  }
}

function play(faults: Faults, rule: FaultRule): void {
  const end = (length: number, action: (faults: Faults) => void): void => faults.after(length * 1_000, action);
  switch (rule.fault) {
    case "closeLink":
      return faults.closeLink(rule.with.clientId);
    case "resetInFrame":
      return faults.resetInFrame(rule.with.clientId);
    case "outage":
      return faults.outage(rule.with.seconds * SECOND);
    case "silence":
      faults.silence(true, rule.with.clientId);
      return end(rule.with.seconds, (later) => later.silence(false, rule.with.clientId));
    case "splitBytes":
      faults.splitBytes(true, rule.with.clientId);
      return end(rule.with.seconds, (later) => later.splitBytes(false, rule.with.clientId));
    case "bytes":
      return faults.bytes(rule.with.kind, rule.with.clientId);
    case "loseBroker":
      faults.loseBroker();
      return end(rule.with.seconds, (later) => later.restoreBroker(rule.with.code));
    case "systemMessage":
      return faults.systemMessage(rule.with.code, rule.with.text);
    case "latency":
      faults.latencyMs = rule.with.milliseconds;
      return;
    default:
      return playOnOrders(faults, rule);
  }
}

function playOnOrders(
  faults: Faults,
  rule: Extract<
    FaultRule,
    { fault: `${"late" | "lost"}Acknowledgements` | "duplicateStatus" | "partialFills" | "rollBackOrderIds" }
  >,
): void {
  switch (rule.fault) {
    case "lateAcknowledgements":
      return faults.delayAcknowledgements(rule.with.milliseconds, rule.with.orders);
    case "lostAcknowledgements":
      return faults.loseAcknowledgements(rule.with.orders);
    case "duplicateStatus":
      faults.duplicateStatus(true);
      return faults.after(rule.with.seconds * 1_000, (later) => later.duplicateStatus(false));
    case "partialFills":
      faults.partialFills(rule.with.shares);
      return faults.after(rule.with.seconds * 1_000, (later) => later.partialFills(undefined));
    case "rollBackOrderIds":
      return faults.rollBackOrderIds(rule.with.count);
  }
}
