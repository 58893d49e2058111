import { pino } from "pino";

/** Structured lines on standard error, so that standard output stays free for what a command answers. */
export type Logger = {
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
};

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

/** One JSON object a line, UTC, secrets removed by path. */
export function createLogger(options: { readonly level: LogLevel; readonly name: string }): Logger {
  const sink = pino(
    {
      name: options.name,
      level: options.level,
      timestamp: pino.stdTimeFunctions.isoTime,
      redact: ["token", "code", "passphrase", "*.token", "*.code", "*.passphrase"],
    },
    pino.destination({ dest: 2, sync: true }),
  );
  return {
    debug: (message, fields = {}) => sink.debug(fields, message),
    info: (message, fields = {}) => sink.info(fields, message),
    warn: (message, fields = {}) => sink.warn(fields, message),
    error: (message, fields = {}) => sink.error(fields, message),
  };
}
