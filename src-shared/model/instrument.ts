import { z } from "zod";

/** Symbols of the plan: one to five capitals, an optional class of one or two after a dot. */
export const symbolSchema = z
  .string()
  .regex(/^[A-Z]{1,5}(\.[A-Z]{1,2})?$/, "a symbol is 1-5 capitals with an optional class, e.g. AAPL or BRK.B");

/** From `lowEdge` (inclusive) upwards prices move in steps of `increment`. Bands ascend by `lowEdge`. */
export const priceBandSchema = z.object({ lowEdge: z.number().min(0), increment: z.number().positive() });

/** A tradable stock as the broker describes it. `symbol` is its key everywhere above the broker adapter. */
export const instrumentSchema = z.object({
  symbol: symbolSchema,
  longName: z.string(),
  currency: z.string().length(3),
  primaryExchange: z.string(),
  /** Key of the trading calendar, e.g. `XNYS`. An unknown venue is not tradable. */
  calendar: z.string(),
  sector: z.string().optional(),
  priceBands: z.array(priceBandSchema).min(1),
  /** Smallest tradable quantity step in shares. */
  lotSize: z.number().int().positive(),
  multiplier: z.number().int().positive(),
});
export type Instrument = z.infer<typeof instrumentSchema>;
