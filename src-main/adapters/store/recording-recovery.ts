import { existsSync, truncateSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import { present } from "#shared/lib/assert.ts";
import type { Database } from "./database.ts";
import { recordingName } from "./paths.ts";
import type { Segment } from "./recording.ts";
import { hashRange, scanRecording } from "./recording-reader.ts";
import { named } from "./store-error.ts";

export type RecoveredRecording = {
  /** Bytes of a torn record that were cut off. */
  readonly cutBytes: number;
  /** What the crashed run left behind its last closed segment. */
  readonly segment?: Segment & { readonly recovered: true };
  /** What a person should know, e.g. that the recording is gone. */
  readonly note?: string;
};

const closedSchema = z.object({ file: z.string(), index: z.number(), toByte: z.number(), records: z.number() });

/** Cuts the torn tail of a run's recording, and describes what its crash left unhashed. Writes no row. */
export function recoverRecording(database: Database, folder: string, run: number | undefined): RecoveredRecording {
  if (run === undefined) return { cutBytes: 0 };
  const file = recordingName(run);
  const path = join(folder, file);
  const closed = closedSegments(database, file);
  const last = closed.at(-1);
  const fromByte = last?.toByte ?? 0;
  if (!existsSync(path)) {
    return last === undefined ? { cutBytes: 0 } : { cutBytes: 0, note: `the recording ${file} of run ${run} is gone` };
  }
  const { records, wholeBytes, tornBytes } = scanRecording(path);
  if (wholeBytes < fromByte) {
    return {
      cutBytes: 0,
      note: `the recording ${file} of run ${run} is damaged at byte ${wholeBytes}: nothing was cut`,
    };
  }
  if (tornBytes > 0) named(path, () => truncateSync(path, wholeBytes));
  if (wholeBytes === fromByte) return { cutBytes: tornBytes };
  const left = records - closed.reduce((sum, segment) => sum + segment.records, 0);
  const index = closed.length;
  const sha256 = present(hashRange(path, fromByte, wholeBytes), "the bytes that were just scanned are there");
  const segment = { file, index, fromByte, toByte: wholeBytes, records: left, sha256, recovered: true as const };
  return { cutBytes: tornBytes, segment };
}

function closedSegments(database: Database, file: string): readonly z.infer<typeof closedSchema>[] {
  return database
    .prepare<[string], string>(
      "SELECT body FROM journal WHERE kind = 'SEGMENT' AND json_extract(body, '$.file') = ? ORDER BY seq",
    )
    .pluck()
    .all(file)
    .map((body) => closedSchema.parse(JSON.parse(body)));
}
