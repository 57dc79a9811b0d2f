import { expect, test } from '@jest/globals';
import { admissionPlugins } from './index.ts';
import { admissionPluginNames } from './names.ts';

const deps = {
  registry: () => {
    throw new Error('no plugin asks for it before a request');
  },
};

test('every plugin bears the name it is made by, and those disabled are left out', () => {
  expect(admissionPlugins(deps).map(({ name }) => name)).toEqual([...admissionPluginNames]);
  expect(admissionPlugins(deps, ['ServiceAccount', 'Priority']).map(({ name }) => name)).toEqual(
    admissionPluginNames.filter((name) => name !== 'ServiceAccount' && name !== 'Priority'),
  );
});
