/**
 * JSON Patch (RFC 6902) as Kubernetes applies it: the rules of evanphx/json-patch v4, where replacing a missing member adds it,
 * testing a missing member against null passes, and negative indices count from the end (apiserver endpoints/handlers/patch.go).
 */
import { ApiError, badRequest } from './errors.ts';
import { cloneJson, isJsonObject, jsonEqual } from './json.ts';

export interface JsonPatchOperation {
  readonly op?: unknown;
  readonly path?: unknown;
  readonly from?: unknown;
  readonly value?: unknown;
}

const maxOperations = 10_000;

/** Anything that does not apply; clients only ever see the sentence of {@link rejected}. */
class Inapplicable extends Error {}

/** 422, without saying what is wrong: upstream does not. */
export function rejected(cause: unknown): ApiError {
  return new ApiError('Invalid', 'the server rejected our request due to an error in our request', { cause, details: {} });
}

/** A patched copy. Throws 400 for what is no patch, 413 for too many operations, 422 for what does not apply. */
export function applyJsonPatch(document: unknown, patch: unknown): unknown {
  const operations = checked(patch);
  let root = cloneJson(document);
  try {
    for (const operation of operations) root = apply(root, operation);
  } catch (error) {
    throw error instanceof Inapplicable ? rejected(error) : error;
  }
  return root;
}

function checked(patch: unknown): readonly JsonPatchOperation[] {
  if (patch === null) return [];
  if (!Array.isArray(patch)) {
    throw badRequest(`error decoding patch: json: cannot unmarshal ${goKind(patch)} into Go value of type []handlers.jsonPatchOp`);
  }
  const operations = patch as readonly unknown[];
  const odd = operations.find((operation) => !isJsonObject(operation));
  if (odd !== undefined)
    throw badRequest(`error decoding patch: json: cannot unmarshal ${goKind(odd)} into Go value of type handlers.jsonPatchOp`);
  if (operations.length > maxOperations) {
    throw new ApiError(
      'RequestEntityTooLarge',
      `Request entity too large: The allowed maximum operations in a JSON patch is ${maxOperations}, got ${operations.length}`,
    );
  }
  return operations as readonly JsonPatchOperation[];
}

/** What Go's encoding/json calls a JSON value. */
export function goKind(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value === 'boolean' ? 'bool' : typeof value;
}

function apply(root: unknown, { op, path, from, value }: JsonPatchOperation): unknown {
  if (op === 'replace' && path === '') {
    if (typeof value !== 'object' || value === null) throw new Inapplicable('the whole can only be replaced by an object or a list');
    return cloneJson(value);
  }
  if (op === 'test' && path === '') {
    if (!jsonEqual(root, value)) throw new Inapplicable('test failed');
    return root;
  }
  switch (op) {
    case 'add':
      at(root, path).add(cloneJson(value ?? null));
      break;
    case 'remove':
      at(root, path).remove();
      break;
    case 'replace':
      at(root, path).replace(cloneJson(value ?? null));
      break;
    case 'move': {
      const source = at(root, from);
      const moved = source.get();
      source.remove();
      at(root, path).add(moved);
      break;
    }
    case 'copy':
      at(root, path).add(cloneJson(at(root, from).get() ?? null));
      break;
    case 'test':
      if (!jsonEqual(at(root, path).get() ?? null, value ?? null)) throw new Inapplicable('test failed');
      break;
    default:
      throw new Inapplicable(`unexpected operation ${String(op)}`);
  }
  return root;
}

/** A member of an object or an element of a list: where a pointer points. */
interface Place {
  get(): unknown;
  add(value: unknown): void;
  replace(value: unknown): void;
  remove(): void;
}

function at(root: unknown, pointer: unknown): Place {
  if (typeof pointer !== 'string') throw new Inapplicable('no path');
  const [, ...parts] = pointer.split('/');
  if (parts.length === 0) throw new Inapplicable('the path is empty');
  const key = decoded(parts.pop() ?? '');
  let container = root;
  for (const part of parts) container = placeIn(container, decoded(part)).get();
  return placeIn(container, key);
}

const decoded = (part: string): string => part.replace(/~1/g, '/').replace(/~0/g, '~');

function placeIn(container: unknown, key: string): Place {
  if (Array.isArray(container)) return elementOf(container as unknown[], key);
  if (isJsonObject(container)) return memberOf(container, key);
  throw new Inapplicable('missing path');
}

function memberOf(object: Record<string, unknown>, key: string): Place {
  const set = (value: unknown): void =>
    void Object.defineProperty(object, key, { value, writable: true, enumerable: true, configurable: true });
  return {
    get: () => (Object.hasOwn(object, key) ? object[key] : undefined),
    add: set,
    replace: set,
    remove: () => {
      if (!Object.hasOwn(object, key)) throw new Inapplicable('nothing to remove');
      delete object[key];
    },
  };
}

function elementOf(list: unknown[], key: string): Place {
  /** `size`: how many places there are. */
  const index = (size: number): number => {
    const given = /^[+-]?\d+$/.test(key) ? Number(key) : Number.NaN;
    const counted = given < 0 ? given + size : given;
    if (!(counted >= 0 && counted < size)) throw new Inapplicable('invalid index');
    return counted;
  };
  return {
    get: () => list[index(list.length)],
    add: (value) => void (key === '-' ? list.push(value) : list.splice(index(list.length + 1), 0, value)),
    replace: (value) => void (list[index(list.length)] = value),
    remove: () => void list.splice(index(list.length), 1),
  };
}
