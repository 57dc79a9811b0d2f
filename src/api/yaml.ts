/** YAML as Kubernetes reads it (sigs.k8s.io/yaml: YAML 1.1 scalars, plain JSON values out). The only place that knows the library. */
import { keyCount, keysOf } from './schema/duplicates.ts';
import { checkYamlDepth } from './yaml-depth.ts';
import {
  Document,
  type DocumentOptions,
  isScalar,
  parse,
  parseAllDocuments,
  Scalar,
  type ScalarTag,
  type SchemaOptions,
  stringify,
  type Tags,
  visit,
} from 'yaml';

/** Go's parser reads a point alone, which every list of field owners has as key, as text; the library as a number. */
const floats = /^[-+]?(?:[0-9][0-9_]*\.[0-9_]*|\.[0-9_]+)$/;

const schema: DocumentOptions & SchemaOptions = {
  version: '1.1',
  merge: true,
  customTags: (tags) => tags.map((tag) => (readsPoint(tag) ? { ...tag, test: floats } : tag)),
};

function readsPoint(tag: Tags[number]): tag is ScalarTag {
  return typeof tag === 'object' && 'test' in tag && tag.test?.test('.') === true;
}

/** One document as a JSON value; throws an Error with the parser's message. */
export function parseYaml(text: string): unknown {
  checkYamlDepth(text);
  return firstDocument(text, () => false);
}

/** Of several documents only the first counts, and of keys that are there twice the last. */
function firstDocument(text: string, uniqueKeys: (known: unknown, key: unknown) => boolean): unknown {
  const document = parseAllDocuments(text, { ...schema, uniqueKeys })[0];
  if (document === undefined) return null;
  const [fault] = document.errors;
  if (fault !== undefined) throw fault;
  return document.toJS() as unknown;
}

/** As {@link parseYaml}, but of keys that are there twice the last counts; `repeated` says where, in the words of Go's parser. */
export function parseYamlLoosely(text: string): { readonly value: unknown; readonly repeated: readonly string[] } {
  const json = plainJson(text);
  if (json !== undefined) return { value: json, repeated: [] };
  checkYamlDepth(text);
  const repeated: string[] = [];
  const note = (known: unknown, key: unknown): boolean => {
    if (isScalar(known) && isScalar(key) && known.value === key.value && known !== key) {
      const line = text.slice(0, key.range?.[0] ?? 0).split('\n').length;
      repeated.push(`line ${String(line)}: key ${JSON.stringify(String(key.value))} already set in map`);
    }
    return false;
  };
  return { value: firstDocument(text, note), repeated };
}

/**
 * The value of a document that is a JSON object, which reads the same as YAML, many times faster. undefined: it is none, or has what the two
 * read differently (keys that are there twice or merge, tabs, bytes that are no text, more depth than is let in).
 */
function plainJson(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith('{') || /[\t\u0085\u2028\u2029\ufeff\ufffd]|"<<"/.test(text)) return undefined;
  try {
    checkYamlDepth(text);
    const value = JSON.parse(text) as Record<string, unknown>;
    return keysOf(value) === keyCount(text) ? value : undefined;
  } catch {
    return undefined;
  }
}

export function stringifyYaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0 });
}

/**
 * A JSON value as sigs.k8s.io/yaml writes it: keys sorted, lists not indented, text that reads as something else in double quotes,
 * text of several lines as literal. Long lines are left whole, where Go breaks them.
 */
export function stringifyGoYaml(value: unknown): string {
  const document = new Document(value, { version: '1.1', sortMapEntries: true, aliasDuplicateObjects: false });
  visit(document, {
    Scalar(_, node) {
      if (isScalar(node) && typeof node.value === 'string') node.type = styleOf(node.value);
    },
  });
  return document.toString({ lineWidth: 0, indentSeq: false, singleQuote: true });
}

function styleOf(text: string): Scalar.Type {
  if (text.includes('\n')) return Scalar.BLOCK_LITERAL;
  return text === '' || !isPlainText(text) ? Scalar.QUOTE_DOUBLE : Scalar.PLAIN;
}

/** Only text of few characters can be a number, a truth value, a date or nothing. */
function isPlainText(text: string): boolean {
  if (/^\d{4}-\d\d-\d\d|^[-+]?\d+:[0-5]?\d/.test(text)) return false;
  if (text.length > 40 || /^[a-z][\w-]{5,}$/i.test(text)) return true;
  try {
    return typeof parse(text, schema) === 'string' || /[:#{}[\],&*!|>'"%@`-]/.test(text);
  } catch {
    return true;
  }
}
