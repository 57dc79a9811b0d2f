/** YAML as Kubernetes reads it (sigs.k8s.io/yaml: YAML 1.1 scalars, plain JSON values out). The only place that knows the library. */
import { parse, stringify } from 'yaml';

const schema = { version: '1.1', merge: true } as const;

/** One document as a JSON value; throws an Error with the parser's message. */
export function parseYaml(text: string): unknown {
  return parse(text, schema) as unknown;
}

export function stringifyYaml(value: unknown): string {
  return stringify(value, { version: '1.1', lineWidth: 0 });
}
