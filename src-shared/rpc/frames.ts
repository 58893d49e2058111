import { z } from "zod";
import { REQUESTS, type RequestName } from "#shared/contract/requests.ts";
import { TOPICS, type TopicName } from "#shared/contract/topics.ts";

/** Raised by one with each change that an older side would misread; a mismatch is refused at `hello`. */
export const PROTOCOL = 1;

const isRequest = (name: string): name is RequestName => Object.hasOwn(REQUESTS, name);
const isTopic = (name: string): name is TopicName => Object.hasOwn(TOPICS, name);

const topicName = z.string().refine(isTopic, "no such topic");
const requestName = z.string().refine(isRequest, "no such request");

/** What a view says. */
export const clientFrameSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("hello"), protocol: z.number().int(), build: z.string().max(80) }),
  z.strictObject({ kind: z.literal("request"), id: z.number().int(), name: requestName, body: z.unknown() }),
  z.strictObject({ kind: z.literal("subscribe"), topic: topicName }),
  z.strictObject({ kind: z.literal("unsubscribe"), topic: topicName }),
  /** Lossy frames that the view has drawn. */
  z.strictObject({ kind: z.literal("credit"), count: z.number().int().min(1).max(100) }),
  z.strictObject({ kind: z.literal("ping"), sent: z.number() }),
]);
export type ClientFrame = z.infer<typeof clientFrameSchema>;

/** What the engine says. */
export const serverFrameSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("welcome"), protocol: z.number().int(), build: z.string(), time: z.number() }),
  z.object({ kind: z.literal("refused"), reason: z.string() }),
  z.object({ kind: z.literal("reply"), id: z.number().int(), body: z.unknown() }),
  z.object({ kind: z.literal("failure"), id: z.number().int(), code: z.string(), detail: z.string() }),
  z.object({ kind: z.literal("snapshot"), topic: topicName, seq: z.number().int(), rows: z.array(z.unknown()) }),
  z.object({ kind: z.literal("delta"), topic: topicName, seq: z.number().int(), rows: z.array(z.unknown()) }),
  /** `rate`: seconds of the engine in one of the wall, so that its time can be told between two pongs. */
  z.object({ kind: z.literal("pong"), sent: z.number(), time: z.number(), rate: z.number().positive().default(1) }),
]);
export type ServerFrame = z.infer<typeof serverFrameSchema>;
