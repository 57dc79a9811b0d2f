import { expect, test } from '@jest/globals';
import { daemonsets } from '../resources/apps/daemonsets/definition.ts';
import { deployments } from '../resources/apps/deployments/definition.ts';
import { Messages } from './messages.ts';
import { createEventEncoder } from './watch-encoding.ts';

test.each([
  [deployments, { spec: { replicas: 0 }, metadata: { resourceVersion: '7' } }],
  [daemonsets, { metadata: { resourceVersion: '7', annotations: { 'deprecated.daemonset.template.generation': '0' } } }],
])('a bookmark shows the object that has nothing as upstream writes it', (definition, expected) => {
  const format = { encoding: 'json', transform: undefined, version: 'v1' } as const;
  const encoder = createEventEncoder({
    definition,
    format: format as never,
    includeObject: 'Metadata',
    messages: new Messages(),
    now: () => 0,
  });
  const text = encoder.event({ type: 'BOOKMARK', revision: 7, initialEventsEnd: false }).toString();
  expect(JSON.parse(text)).toMatchObject({ type: 'BOOKMARK', object: { kind: definition.kind, ...expected } });
});
