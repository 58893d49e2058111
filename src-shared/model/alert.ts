import { z } from "zod";

export const alertSchema = z.object({
  id: z.string(),
  time: z.number().int(),
  severity: z.enum(["info", "warning", "critical"]),
  code: z.string(),
  message: z.string(),
  symbol: z.string().optional(),
  orderRef: z.string().optional(),
});
export type Alert = z.infer<typeof alertSchema>;
