/**
 * Lists, maps and bytes that a request said to be empty. Go's encoder leaves them out, so values here do not have them; but until an object is
 * written upstream knows them from those that nobody mentioned (nil), and a few rules and texts tell.
 */
const key = Symbol('said to be empty');

type Marked = Readonly<Record<typeof key, Map<string, unknown> | undefined>>;

/** Not copied with the struct, and shown by no writer of JSON. */
export function markEmpty(struct: object, field: string, value: unknown): void {
  const known = (struct as Marked)[key];
  if (known === undefined) Object.defineProperty(struct, key, { value: new Map([[field, value]]) });
  else known.set(field, value);
}

/** The empty list, map or text that was given for the field. */
export function saidEmpty(struct: object | undefined, field: string): unknown {
  return struct === undefined ? undefined : (struct as Marked)[key]?.get(field);
}

/** The field's value as it was given, be it empty. */
export function asGiven<T extends object, K extends keyof T & string>(struct: T | undefined, field: K): T[K] | undefined {
  return struct?.[field] ?? (saidEmpty(struct, field) as T[K] | undefined);
}

/** Whether the field is there, be it empty: Go's `!= nil`. */
export function isGiven<T extends object>(struct: T, field: keyof T & string): boolean {
  return struct[field] !== undefined || saidEmpty(struct, field) !== undefined;
}

export function emptyFields(struct: object): readonly string[] {
  return [...((struct as Marked)[key]?.keys() ?? [])];
}

/** Whether anything in the value was said to be empty: Go's reflect.DeepEqual takes it for another than the stored one. */
export function saysEmptyInside(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return (!Array.isArray(value) && (value as Marked)[key] !== undefined) || Object.values(value).some(saysEmptyInside);
}
