/** Every kind as kubectl shows it: rows, wide rows, description and explanation of an object that has all there is. */
import { collectionPath, named, samples, type KindSample } from '../cases/samples.ts';
import type { Command, Group } from './commands.ts';

/** Whose rows or descriptions tell what each server's own post-start hooks and clocks did. */
const skipped = new Set(['apiservices', 'customresourcedefinitions']);

export const kindGroups: readonly Group[] = samples
  .filter(({ resource }) => !skipped.has(resource))
  .map((sample) => ({ name: `kind ${sample.label ?? sample.resource}`, commands: commandsOf(sample) }));

function commandsOf(sample: KindSample): readonly Command[] {
  const { apiVersion, resource, status } = sample;
  const object = named(sample, sample.full ?? sample.minimal, 'shown');
  const [group = '', version = ''] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
  const type = group === '' ? resource : `${resource}.${version}.${group}`;
  const name = object.metadata.name;
  const explained = `explain ${resource} --api-version=${apiVersion}`;
  return [
    { line: `create --raw ${collectionPath(sample)} -f -`, input: JSON.stringify(object), quiet: true },
    { line: `get ${type} ${name}` },
    { line: `get ${type} ${name} -o wide --show-labels` },
    { line: `describe ${type} ${name}` },
    ...(status === undefined
      ? []
      : [
          { line: `patch ${type} ${name} --subresource=status --type=merge -p '${JSON.stringify({ status })}'` },
          { line: `get ${type} ${name} -o wide` },
          { line: `describe ${type} ${name}` },
        ]),
    { line: explained },
    { line: `${explained} --recursive` },
    { line: `delete ${type} ${name} --wait=false` },
  ];
}
