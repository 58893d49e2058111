import { join } from "node:path";

/** The files of one data directory. */
export type StorePaths = {
  readonly folder: string;
  readonly database: string;
  readonly anchors: string;
  readonly key: string;
  /** Present while a person must look at the journal before anything may be written to it. */
  readonly quarantine: string;
  /** What a person wrote when lifting a quarantine; journalled by the next opening. */
  readonly lifted: string;
};

export function storePaths(folder: string): StorePaths {
  return {
    folder,
    database: join(folder, "journal.db"),
    anchors: join(folder, "journal.anchors"),
    key: join(folder, "journal.key"),
    quarantine: join(folder, "journal.quarantine"),
    lifted: join(folder, "journal.quarantine-lifted"),
  };
}

/** File name of a run's recording, beside the journal. */
export function recordingName(run: number): string {
  return `events-${String(run).padStart(6, "0")}.rec`;
}

/** The run that a recording's file name tells; undefined for any other file. */
export function runOfRecording(name: string): number | undefined {
  const digits = /^events-(\d{6,})\.rec$/.exec(name)?.[1];
  return digits === undefined ? undefined : Number(digits);
}
