const CHECK_MS = 100;

/**
 * Tells when the journal leaves a write unacknowledged for longer than `limitMs` of wall time, and when it writes again.
 *
 * @param waitingMs age of the oldest unacknowledged write
 * @param onChange gets the age at the beginning of a stall, undefined at its end
 */
export function watchStalls(
  waitingMs: () => number,
  limitMs: number,
  onChange: (waitedMs: number | undefined) => void,
): () => void {
  let isStalled = false;
  const tell = (): void => {
    const waited = waitingMs();
    if (waited > limitMs === isStalled) return;
    isStalled = waited > limitMs;
    onChange(isStalled ? waited : undefined);
  };
  // Timers run before messages: a thread that was itself held up must read what has arrived before it blames the journal.
  let afterMessages: NodeJS.Immediate | undefined;
  const timer = setInterval(() => {
    if (waitingMs() <= limitMs) return tell();
    clearImmediate(afterMessages);
    afterMessages = setImmediate(() => {
      afterMessages = setImmediate(tell);
    });
  }, CHECK_MS);
  return () => {
    clearInterval(timer);
    clearImmediate(afterMessages);
  };
}
