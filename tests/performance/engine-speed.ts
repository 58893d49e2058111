import { join } from "node:path";
import { openJournalReader } from "#adapters/store/journal-reader.ts";
import { readRecording } from "#adapters/store/recording-reader.ts";
import { Engine } from "#core/engine/engine.ts";
import type { EngineEvent } from "#core/engine/event.ts";
import type { EngineOptions } from "#core/engine/options.ts";
import { present } from "#shared/lib/assert.ts";
import { type Figure, median } from "./statistics.ts";

const PASSES = 7;

/** Events a second of a fresh engine over a run's recording, beside the parsing of the very same events' JSON text. */
export async function engineSpeed(folder: string): Promise<readonly Figure[]> {
  const reader = openJournalReader(folder);
  const run = present(reader.runs().at(-1), "the journal holds a run");
  reader.close();
  const { engine: options } = (run.info as { readonly info: { readonly engine: EngineOptions } }).info;
  const texts: string[] = [];
  for await (const { text } of readRecording(join(folder, "events-000001.rec"), () => undefined)) texts.push(text);
  const parsing: number[] = [];
  const processing: number[] = [];
  for (let pass = 0; pass < PASSES; pass += 1) {
    const began = performance.now();
    const events = texts.map((text) => JSON.parse(text) as EngineEvent);
    parsing.push(performance.now() - began);
    const engine = new Engine({ ...options, run: run.run });
    engine.begin();
    const start = performance.now();
    for (const event of events) engine.process(event);
    processing.push(performance.now() - start);
  }
  const rate = (texts.length / median(processing)) * 1_000;
  const parsed = (texts.length / median(parsing)) * 1_000;
  return [
    {
      name: "engine, all six stages",
      value: Math.round(rate),
      unit: "events/s",
      beside: `${(rate / parsed).toFixed(2)} x the rate at which the same ${texts.length} events' JSON is parsed`,
    },
  ];
}
