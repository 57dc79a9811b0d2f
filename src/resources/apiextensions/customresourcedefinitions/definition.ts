import type { CustomResourceDefinition } from '../../../api/generated/types.ts';
import type { Strategy } from '../../../registry/definition.ts';
import { define } from '../../../registry/definition.ts';
import { text, name } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { specAndStatus, together } from '../../shared/strategy.ts';
import { fromV1beta1 } from './stored-version.ts';

/** status.storedVersions begins with the version that objects are stored in. */
const storedVersion: Strategy<CustomResourceDefinition> = {
  prepareForCreate(definition) {
    const storedVersions = definition.spec.versions.filter((version) => version.storage).map((version) => version.name);
    Object.assign(definition.status, { storedVersions, conditions: null, acceptedNames: { plural: '', kind: '' } });
  },
};

/** Served as objects; that they make new kinds is for a later issue. */
export const customresourcedefinitions = define<CustomResourceDefinition>({
  ...fromFacts('apiextensions.k8s.io', 'v1', 'customresourcedefinitions'),
  storedVersions: { 'apiextensions.k8s.io/v1beta1': fromV1beta1 },
  owned: { status: { never: ['spec'] } },
  strategy: {
    statusKeeps: 'metadata',
    ...together<CustomResourceDefinition>(specAndStatus(), storedVersion),
    default({ spec }) {
      spec.conversion ??= { strategy: 'None' };
      const service = spec.conversion.webhook?.clientConfig?.service;
      if (service !== undefined) service.port ??= 443;
      spec.names.singular ||= spec.names.kind.toLowerCase();
      spec.names.listKind ||= `${spec.names.kind}List`;
    },
    allowUnconditionalUpdate: false,
  },
  columns: [name, { ...text<CustomResourceDefinition>('Created At', ({ metadata }) => metadata.creationTimestamp), type: 'date' }],
});
