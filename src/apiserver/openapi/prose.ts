/** Descriptions for the documents: written by hack/descriptions.ts when the program is built, read when the first document is. */
import { readFileSync } from 'node:fs';

/** The file's content. */
export interface Descriptions {
  /** By definition, then by field; '' is the definition itself. */
  readonly definitions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** By query or path parameter, as `NAME` or `KIND.NAME` where kinds differ. */
  readonly parameters: Readonly<Record<string, string>>;
}

export interface Prose {
  definition(name: string): string | undefined;
  field(definition: string, field: string): string | undefined;
  parameter(name: string, kind: string): string | undefined;
}

const noProse: Prose = { definition: () => undefined, field: () => undefined, parameter: () => undefined };

function proseOf(descriptions: Descriptions): Prose {
  return {
    definition: (name) => descriptions.definitions[name]?.[''],
    field: (definition, field) => descriptions.definitions[definition]?.[field],
    parameter: (name, kind) => descriptions.parameters[`${kind}.${name}`] ?? descriptions.parameters[name],
  };
}

/** A missing or unreadable file means documents without prose. */
export function readProse(file: string | undefined): Prose {
  if (file === undefined) return noProse;
  try {
    return proseOf(JSON.parse(readFileSync(file, 'utf8')) as Descriptions);
  } catch {
    return noProse;
  }
}
