import type { CustomResourceDefinition } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { text, name } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { specAndStatus } from '../../shared/strategy.ts';

/** Served as objects; that they make new kinds is for a later issue. */
export const customresourcedefinitions = define<CustomResourceDefinition>({
  ...fromFacts('apiextensions.k8s.io', 'v1', 'customresourcedefinitions'),
  strategy: {
    ...specAndStatus<CustomResourceDefinition>(() => ({ storedVersions: [], conditions: null, acceptedNames: { plural: '', kind: '' } })),
    default({ spec }) {
      spec.conversion ??= { strategy: 'None' };
      spec.names.singular ||= spec.names.kind.toLowerCase();
      spec.names.listKind ||= `${spec.names.kind}List`;
    },
    allowUnconditionalUpdate: false,
  },
  columns: [name, { ...text<CustomResourceDefinition>('Created At', ({ metadata }) => metadata.creationTimestamp), type: 'date' }],
});
