/** The OpenAPI v2 definitions of all GA types, without prose. */
import { readFileSync } from 'node:fs';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type Definition = {
  properties?: Record<string, Json>;
  'x-kubernetes-group-version-kind'?: { group: string; version: string; kind: string }[];
};

/** Drops descriptions (prose) everywhere but in property maps, where `description` may be a field's name. */
export function withoutProse(value: Json, isPropertyMap = false): Json {
  if (Array.isArray(value)) return value.map((item) => withoutProse(item));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => isPropertyMap || key !== 'description')
      .map(([key, item]) => [key, withoutProse(item, key === 'properties' && !isPropertyMap)]),
  );
}

const isStable = (name: string): boolean => !/\.v\d+(alpha|beta)\d+\./.test(name);

export function readDefinitions(swaggerFile: string): Record<string, Definition> {
  const swagger = JSON.parse(readFileSync(swaggerFile, 'utf8')) as { definitions: Record<string, Json> };
  return Object.fromEntries(
    Object.entries(swagger.definitions)
      .filter(([name]) => isStable(name))
      .map(([name, definition]) => [name, withoutProse(definition) as Definition]),
  );
}
