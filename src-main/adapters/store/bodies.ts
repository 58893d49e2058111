import { z } from "zod";
import type { Execution } from "#shared/model/broker.ts";
import { sideSchema } from "#shared/model/order.ts";
import type { Database } from "./database.ts";
import { StoreError } from "./store-error.ts";

const executionSchema = z.object({
  execId: z.string().min(1),
  orderRef: z.string(),
  permId: z.number().int(),
  clientId: z.number().int(),
  accountId: z.string(),
  symbol: z.string(),
  side: sideSchema,
  quantity: z.number(),
  price: z.number(),
  exchangeTime: z.number().int(),
  cumulativeQuantity: z.number(),
});

const executionBodySchema = z.union([
  z.object({ execution: executionSchema }).transform((body) => body.execution),
  executionSchema,
]);

const commissionBodySchema = z.object({ execId: z.string().min(1), commission: z.number().int() });

const orderRefSchema = z.string().min(1).max(40);
const intentBodySchema = z.union([
  z
    .object({ orders: z.array(z.object({ orderRef: orderRefSchema })).min(1) })
    .transform((body) => body.orders.map((order) => order.orderRef)),
  z.object({ orderRef: orderRefSchema }).transform((body) => [body.orderRef]),
]);

function read<T>(schema: z.ZodType<T>, kind: string, body: string): T {
  const result = schema.safeParse(JSON.parse(body));
  if (result.success) return result.data;
  throw new StoreError({
    code: "BODY_REFUSED",
    message: `the body of ${kind} lacks what the store reads: ${z.prettifyError(result.error)}`,
    path: kind,
    remedy: "This is a bug of the program: report it with this text.",
  });
}

export function executionOf(body: string): Execution {
  return read(executionBodySchema, "EXECUTION", body);
}

/** The orderRefs that an INTENT makes. */
export function orderRefsOf(body: string): readonly string[] {
  return read(intentBodySchema, "INTENT", body);
}

/**
 * `a.b.01` is revision `01` of `a.b`: a correction changes only the part after the last dot (TWS API, `execId`).
 * Revisions are compared as text, as the books do.
 */
export function splitExecId(execId: string): { readonly stem: string; readonly revision: string } {
  const dot = execId.lastIndexOf(".");
  return dot <= 0 ? { stem: execId, revision: "" } : { stem: execId.slice(0, dot), revision: execId.slice(dot + 1) };
}

type ExecutionBook = { book(seq: number, kind: string, body: string): void };

/** Writes the rows of `executions` and `commissions` that belong to a journal row, in the caller's transaction. */
export function executionBook(database: Database): ExecutionBook {
  const find = database
    .prepare<[string, string, string], number>(
      "SELECT seq FROM executions WHERE accountId = ? AND stem = ? AND revision = ?",
    )
    .pluck();
  const insertExecution = database.prepare(
    "INSERT INTO executions (seq, accountId, stem, revision, execId, orderRef, symbol, exchangeTime) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
  );
  const insertCommission = database.prepare("INSERT INTO commissions (seq, stem, commission) VALUES (?, ?, ?)");
  return {
    book(seq, kind, body) {
      if (kind === "COMMISSION") {
        const { execId, commission } = read(commissionBodySchema, kind, body);
        insertCommission.run(seq, splitExecId(execId).stem, commission);
        return;
      }
      const execution = executionOf(body);
      const { accountId, execId, orderRef, symbol, exchangeTime } = execution;
      const { stem, revision } = splitExecId(execId);
      const earlier = find.get(accountId, stem, revision);
      if (earlier !== undefined) {
        throw new StoreError({
          code: "DUPLICATE_EXECUTION",
          message: `execution ${execId} of ${accountId} is already booked by row ${earlier}`,
          path: database.name,
          remedy: "Nothing was booked twice. This is a bug of the program: report it with this text.",
        });
      }
      insertExecution.run(seq, accountId, stem, revision, execId, orderRef, symbol, exchangeTime);
    },
  };
}
