import { existsSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { z } from "zod";
import { openJournalReader } from "#adapters/store/journal-reader.ts";
import { readRecording } from "#adapters/store/recording-reader.ts";
import { verifyJournal } from "#adapters/store/verify.ts";
import { configurationTable, describeConfiguration } from "#app/configuration/describe.ts";
import { Engine } from "#core/engine/engine.ts";
import type { EngineEvent } from "#core/engine/event.ts";
import type { EngineOptions } from "#core/engine/options.ts";
import { reportView } from "#core/engine/views.ts";
import { createDecisionHash } from "#runtime/decision-hash.ts";
import { NOTE_KINDS, noteOf } from "#runtime/recovery.ts";
import { CommandError, type CommonOptions, configurationOf, EXIT, print } from "./context.ts";

/** Every effective value, where it comes from, and its range. */
export function config(options: CommonOptions): number {
  const loaded = configurationOf(options);
  const rows = describeConfiguration(loaded);
  print(options, { profile: loaded.config.profile, rows, notices: loaded.notices }, () => configurationTable(rows));
  return EXIT.done;
}

/** Checks a journal offline: sequence, hashes, anchors and the recording's segments. */
export function verify(journal: string, options: CommonOptions): number {
  const result = verifyJournal(folderOf(journal));
  print(options, result, () =>
    result.isValid
      ? `valid: ${result.rows} rows, head ${result.head.hash}`
      : `NOT VALID:\n${result.faults.map((fault) => `  row ${String(fault.seq)}: ${fault.code}: ${fault.detail}`).join("\n")}`,
  );
  return result.isValid ? EXIT.done : EXIT.failed;
}

function folderOf(journal: string): string {
  if (!existsSync(journal)) throw new CommandError("NO_JOURNAL", `${journal}: there is no such file or folder`);
  const folder = statSync(journal).isDirectory() ? journal : dirname(journal);
  if (existsSync(join(folder, "journal.db"))) return folder;
  throw new CommandError("NO_JOURNAL", `${folder}: there is no journal.db in it`);
}

const startSchema = z.object({ info: z.object({ engine: z.record(z.string(), z.unknown()) }) });

/** Feeds a run's recording to a fresh engine and prints the hash over its decisions. */
export async function replay(journal: string, options: CommonOptions & { readonly run?: string }): Promise<number> {
  const folder = folderOf(journal);
  const reader = openJournalReader(folder);
  try {
    const runs = reader.runs();
    const wanted = options.run === undefined ? runs.at(-1) : runs.find((run) => run.run === Number(options.run));
    if (wanted === undefined) throw new CommandError("NO_RUN", `${folder}: there is no run ${options.run ?? ""}`);
    const { info } = startSchema.parse(wanted.info);
    const engine = new Engine({ ...info.engine, run: wanted.run } as EngineOptions);
    // What the run began with is what the journal said before it.
    for (const row of reader.rows({ kinds: NOTE_KINDS })) {
      if (row.seq >= wanted.startSeq) break;
      engine.fold(noteOf(row), row.time);
    }
    engine.begin();
    const recording = join(folder, `events-${String(wanted.run).padStart(6, "0")}.rec`);
    if (!existsSync(recording))
      throw new CommandError("NO_RECORDING", `${recording}: the recording of run ${wanted.run} is gone`);
    const document = {
      run: wanted.run,
      journal: join(folder, "journal.db"),
      recording,
      ...(await play(engine, recording)),
    };
    print(
      options,
      document,
      () => `run ${document.run}: ${document.events} events, ${document.ending}\ndecisionHash ${document.decisionHash}`,
    );
    // The last record of a crashed run may be torn; of a run that ended in order the recording is whole, or damaged.
    const isDamaged = document.isCut && wanted.end?.kind === "Ended";
    return isDamaged ? EXIT.failed : EXIT.done;
  } finally {
    reader.close();
  }
}

async function play(engine: Engine, recording: string) {
  const hash = createDecisionHash();
  let events = 0;
  let tornBytes = 0;
  const onEnd = (end: { readonly tornBytes: number }): void => {
    tornBytes = end.tornBytes;
  };
  for await (const { text } of readRecording(recording, onEnd)) {
    const event = JSON.parse(text) as EngineEvent;
    hash.update(event.time, engine.process(event));
    events += 1;
  }
  const report = reportView(engine.context, engine.broker.cashDifference());
  const isCut = tornBytes > 0;
  const ending = isCut ? `cut: the last ${tornBytes} bytes of the recording are no whole records` : "complete";
  return { events, isCut, ending, decisionHash: hash.digest(), ...report };
}
