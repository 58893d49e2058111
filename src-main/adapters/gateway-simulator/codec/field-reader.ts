import { UNSET_INTEGER } from "./frame.ts";

/** A request whose fields are not what its layout says. */
export class LayoutError extends Error {
  override readonly name = "LayoutError";
}

/** Reads the fields of one request in order. Every read that finds something else throws LayoutError with its place. */
export class FieldReader {
  private readonly fields: readonly string[];
  private position: number;

  constructor(fields: readonly string[], start = 1) {
    this.fields = fields;
    this.position = start;
  }

  get index(): number {
    return this.position;
  }

  text(): string {
    const field = this.fields[this.position];
    if (field === undefined) throw new LayoutError(`field ${this.position} is missing`);
    this.position += 1;
    return field;
  }

  skip(count: number): void {
    for (let i = 0; i < count; i += 1) this.text();
  }

  flag(): boolean {
    const field = this.text();
    if (field === "" || field === "0" || field === "false") return false;
    if (field === "1" || field === "true") return true;
    throw this.failure(field, "a flag");
  }

  /** An integer; undefined when empty or the unset marker. */
  optionalInteger(): number | undefined {
    const field = this.text();
    if (field === "") return undefined;
    if (!/^-?\d{1,15}$/.test(field)) throw this.failure(field, "an integer");
    const value = Number(field);
    return value === UNSET_INTEGER ? undefined : value;
  }

  integer(): number {
    const field = this.text();
    if (!/^-?\d{1,15}$/.test(field)) throw this.failure(field, "an integer");
    return Number(field);
  }

  /** A number; undefined when empty or the unset marker. */
  optionalNumber(): number | undefined {
    const field = this.text();
    if (field === "") return undefined;
    if (field === "Infinity" || field === "Infinite") return Number.POSITIVE_INFINITY;
    const value = Number(field);
    if (!Number.isFinite(value)) throw this.failure(field, "a number");
    return value === Number.MAX_VALUE ? undefined : value;
  }

  /** A count of groups that follow; empty is none. */
  count(): number {
    const value = this.optionalInteger() ?? 0;
    if (value < 0 || value > this.fields.length) throw this.failure(String(value), "a count of groups");
    return value;
  }

  /** `read` for each group of a counted list. */
  repeat<T>(count: number, read: () => T): readonly T[] {
    return Array.from({ length: count }, read);
  }

  /** Asserts that nothing is left over. */
  end(): void {
    const left = this.fields.length - this.position;
    if (left > 0) throw new LayoutError(`${left} fields are left over from field ${this.position} on`);
  }

  private failure(found: string, wanted: string): LayoutError {
    return new LayoutError(`field ${this.position - 1} is ${JSON.stringify(found.slice(0, 40))}, expected ${wanted}`);
  }
}
