/** An impossible state was reached: the process must stop rather than trade on it. */
export class InvariantError extends Error {
  override readonly name = "InvariantError";
}

/** Stops on a bug. Never used for bad input, which is answered by a value or a named error. */
export function assert(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new InvariantError(`invariant broken: ${sentence}`);
}

/** Returns `value`, which the caller knows to be present. */
export function present<T>(value: T | undefined, sentence: string): T {
  assert(value !== undefined, sentence);
  return value;
}

/** The end of a `switch` over a union: the compiler proves that no case is missing. */
export function unreachable(value: never): never {
  throw new InvariantError(`unreachable case: ${JSON.stringify(value)}`);
}
