/**
 * Validation faults with field paths, in upstream's words.
 * apimachinery pkg/util/validation/field/errors.go of Kubernetes 1.36.
 */
import { ApiError } from './errors.ts';
import { goJson, goQuoted } from './go-text.ts';

export type FieldErrorType =
  | 'FieldValueNotFound'
  | 'FieldValueRequired'
  | 'FieldValueDuplicate'
  | 'FieldValueInvalid'
  | 'FieldValueNotSupported'
  | 'FieldValueForbidden'
  | 'FieldValueTooLong'
  | 'FieldValueTooMany'
  | 'InternalError'
  | 'FieldValueTypeInvalid';

const words: Record<FieldErrorType, string> = {
  FieldValueNotFound: 'Not found',
  FieldValueRequired: 'Required value',
  FieldValueDuplicate: 'Duplicate value',
  FieldValueInvalid: 'Invalid value',
  FieldValueNotSupported: 'Unsupported value',
  FieldValueForbidden: 'Forbidden',
  FieldValueTooLong: 'Too long',
  FieldValueTooMany: 'Too many',
  InternalError: 'Internal error',
  FieldValueTypeInvalid: 'Invalid value',
};

/** One fault. `body` is the message without the path: `Invalid value: "x": must be ...`. */
export interface FieldError {
  readonly type: FieldErrorType;
  readonly field: string;
  readonly body: string;
}

/**
 * A field path such as `spec.containers[0].name`; '' is the root, shown as `<nil>`. Validation makes many of them and reads few:
 * the text is put together when somebody asks.
 */
export class Path {
  readonly #parent: Path | undefined;
  readonly #last: string;

  /** `last` is appended to `parent` as it is. */
  constructor(last: string, parent?: Path) {
    this.#last = last;
    this.#parent = parent;
  }
  get text(): string {
    return this.#parent === undefined ? this.#last : this.#parent.text + this.#last;
  }
  child(...names: string[]): Path {
    // eslint-disable-next-line @typescript-eslint/no-this-alias -- where the walk begins
    let path: Path = this;
    for (const name of names) if (name !== '') path = new Path(path.#isRoot() ? name : `.${name}`, path);
    return path;
  }
  index(at: number): Path {
    return new Path(`[${String(at)}]`, this);
  }
  key(name: string): Path {
    return new Path(`[${name}]`, this);
  }
  #isRoot(): boolean {
    return this.#last === '' && (this.#parent === undefined || this.#parent.#isRoot());
  }
}

export function path(...names: string[]): Path {
  return new Path('').child(...names);
}

/** A bad value as Go prints it: texts with %q, the rest as encoding/json writes it. */
function shown(value: unknown): string {
  if (typeof value === 'string') return goQuoted(value);
  return value === undefined ? 'null' : goJson(value);
}

function fault(type: FieldErrorType, at: Path, body: string): FieldError {
  return { type, field: at.text, body };
}

export function required(at: Path, detail = ''): FieldError {
  return fault('FieldValueRequired', at, detail === '' ? words.FieldValueRequired : `${words.FieldValueRequired}: ${detail}`);
}
export function invalid(at: Path, value: unknown, detail: string): FieldError {
  return fault('FieldValueInvalid', at, `${words.FieldValueInvalid}: ${shown(value)}${detail === '' ? '' : `: ${detail}`}`);
}
/** Where the value would say nothing. */
export function invalidWithoutValue(at: Path, detail: string): FieldError {
  return fault('FieldValueInvalid', at, `${words.FieldValueInvalid}: ${detail}`);
}
export function duplicate(at: Path, value: unknown): FieldError {
  return fault('FieldValueDuplicate', at, `${words.FieldValueDuplicate}: ${shown(value)}`);
}
export function notSupported(at: Path, value: unknown, supported: readonly string[]): FieldError {
  const list = supported.map((item) => goQuoted(item)).join(', ');
  return fault(
    'FieldValueNotSupported',
    at,
    `${words.FieldValueNotSupported}: ${shown(value)}${supported.length === 0 ? '' : `: supported values: ${list}`}`,
  );
}
export function forbiddenField(at: Path, detail: string): FieldError {
  return fault('FieldValueForbidden', at, `${words.FieldValueForbidden}: ${detail}`);
}
export function tooLong(at: Path, max: number): FieldError {
  return fault('FieldValueTooLong', at, `${words.FieldValueTooLong}: may not be more than ${String(max)} bytes`);
}
export function tooMany(at: Path, actual: number, max: number): FieldError {
  return fault('FieldValueTooMany', at, `${words.FieldValueTooMany}: ${String(actual)}: must have at most ${String(max)} items`);
}
/** What upstream could not work out. */
export function internalField(at: Path, detail: string): FieldError {
  return fault('InternalError', at, `${words.InternalError}: ${detail}`);
}
export function notFoundField(at: Path, value: unknown): FieldError {
  return fault('FieldValueNotFound', at, `${words.FieldValueNotFound}: ${shown(value)}`);
}

/** All faults in one text, each once (ErrorList.ToAggregate). */
export function aggregate(errors: readonly FieldError[]): string {
  const lines = [...new Set(errors.map((error) => `${error.field === '' ? '<nil>' : error.field}: ${error.body}`))];
  return lines.length === 1 ? (lines[0] ?? '') : `[${lines.join(', ')}]`;
}

/** 422 Invalid for all faults at once, deduplicated; message as apimachinery's NewInvalid writes it. What is not valid may have no name. */
export function invalidObject(kind: { group: string; kind: string }, given: string | undefined, errors: readonly FieldError[]): ApiError {
  const name = given ?? '';
  const shownKind = kind.group === '' ? kind.kind : `${kind.kind}.${kind.group}`;
  return new ApiError('Invalid', `${shownKind} ${goQuoted(name)} is invalid: ${aggregate(errors)}`, {
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      ...(kind.kind === '' ? {} : { kind: kind.kind }),
      causes: errors.map((error) => ({ reason: error.type, message: error.body, field: error.field === '' ? '<nil>' : error.field })),
    },
  });
}
