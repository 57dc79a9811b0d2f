/** Manifests as people have them: each is created and applied on both servers, as a dry run. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { apply, type Case, type Json, post } from './case.ts';
import { collectionPath, samples } from './cases/samples.ts';

/** A case for each object of a served kind in the YAML and JSON files below `folder`; what is no YAML (templates) is left out. */
export function manifestCases(folder: string): readonly Case[] {
  const places = new Map(samples.map((sample) => [`${sample.apiVersion} ${sample.kind}`, sample]));
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => /\.(ya?ml|json)$/.test(file));
  return files.flatMap((file) =>
    objectsIn(join(folder, file)).flatMap((object, index) => {
      const sample = places.get(`${String(object['apiVersion'])} ${String(object['kind'])}`);
      if (sample === undefined || !isMap(object['metadata'])) return [];
      return [
        caseOf(`${relative(folder, join(folder, file))}#${String(index)}`, placed(object, sample.cluster === true), collectionPath(sample)),
      ];
    }),
  );
}

function caseOf(name: string, object: Json, base: string): Case {
  const { name: own } = object['metadata'] as { readonly name?: unknown };
  return {
    name,
    steps: [
      post(`${base}?dryRun=All&fieldValidation=Strict`, object),
      post(`${base}?dryRun=All&fieldValidation=Warn`, object),
      ...(typeof own === 'string' && own !== ''
        ? [apply('compare', `${base}/${encodeURIComponent(own)}`, object, { query: '&dryRun=All&force=true' })]
        : []),
    ],
  };
}

/** In the run's namespace, whichever it names. */
function placed(object: Json, ofCluster: boolean): Json {
  const { namespace: _own, ...metadata } = object['metadata'] as Json;
  return { ...object, metadata: ofCluster ? metadata : { ...metadata, namespace: '{ns}' } };
}

function objectsIn(file: string): readonly Json[] {
  const text = readFileSync(file, 'utf8');
  if (text.includes('{{')) return [];
  const documents = parseAllDocuments(text, { logLevel: 'silent', version: '1.1' });
  if ('empty' in documents) return [];
  const values = documents.filter(({ errors }) => errors.length === 0).map((document) => document.toJS() as unknown);
  return values
    .flatMap((value) => (isMap(value) && value['kind'] === 'List' && Array.isArray(value['items']) ? value['items'] : [value]))
    .filter(isMap);
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
