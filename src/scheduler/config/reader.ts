/** Reads parsed YAML strictly: every fault with its path, in the words of upstream's validation. */
import type { FieldError, Path } from '../../api/field-errors.ts';
import { forbiddenField, invalid, required } from '../../api/field-errors.ts';

type Json = Readonly<Record<string, unknown>>;

/** One map of the document. Reading a member twice is fine; {@link done} finds those nobody read. */
export class Reader {
  readonly path: Path;
  readonly #value: Json;
  readonly #faults: FieldError[];
  readonly #read = new Set<string>();

  constructor(value: unknown, path: Path, faults: FieldError[]) {
    this.path = path;
    this.#faults = faults;
    const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
    if (!isMap && value !== undefined && value !== null) this.fault(invalid(path, value, 'must be a map'));
    this.#value = isMap ? (value as Json) : {};
  }

  fault(...faults: FieldError[]): void {
    this.#faults.push(...faults);
  }

  has(name: string): boolean {
    const value = this.#value[name];
    return value !== undefined && value !== null;
  }

  raw(name: string): unknown {
    this.#read.add(name);
    return this.#value[name] ?? undefined;
  }

  text(name: string): string | undefined {
    return this.#typed(name, 'text', (value): value is string => typeof value === 'string');
  }

  integer(name: string): number | undefined {
    return this.#typed(name, 'a whole number', (value): value is number => Number.isInteger(value));
  }

  flag(name: string): boolean | undefined {
    return this.#typed(name, 'true or false', (value): value is boolean => typeof value === 'boolean');
  }

  /** An integer within bounds, else upstream's words for one that is not. */
  integerIn(name: string, [least, most]: readonly [number, number], detail: string): number | undefined {
    const value = this.integer(name);
    if (value !== undefined && (value < least || value > most)) this.fault(invalid(this.path.child(name), value, detail));
    return value;
  }

  map(name: string): Reader {
    return new Reader(this.raw(name), this.path.child(name), this.#faults);
  }

  /** The maps of a list. */
  maps(name: string): Reader[] {
    return this.#list(name).map((item, at) => new Reader(item, this.path.child(name).index(at), this.#faults));
  }

  texts(name: string): string[] {
    return this.#list(name).flatMap((item, at) => {
      if (typeof item === 'string') return [item];
      this.fault(invalid(this.path.child(name).index(at), item, 'must be text'));
      return [];
    });
  }

  /** Members that mean nothing are faults. `ignored` ones are known, and without effect here. */
  done(ignored: readonly string[] = []): void {
    for (const name of Object.keys(this.#value))
      if (!this.#read.has(name) && !ignored.includes(name)) this.fault(forbiddenField(this.path.child(name), 'unknown field'));
  }

  need(name: string, detail = ''): void {
    if (!this.has(name)) this.fault(required(this.path.child(name), detail));
  }

  #list(name: string): readonly unknown[] {
    const value = this.raw(name);
    if (value === undefined) return [];
    if (Array.isArray(value)) return value as readonly unknown[];
    this.fault(invalid(this.path.child(name), value, 'must be a list'));
    return [];
  }

  #typed<T>(name: string, what: string, is: (value: unknown) => value is T): T | undefined {
    const value = this.raw(name);
    if (value === undefined || is(value)) return value;
    this.fault(invalid(this.path.child(name), value, `must be ${what}`));
    return undefined;
  }
}
