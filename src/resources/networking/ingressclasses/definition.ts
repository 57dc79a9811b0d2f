import type { IngressClass } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, text } from '../../shared/columns.ts';
import { immutable } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';
import { domainPrefixedPathErrors } from '../../shared/names.ts';
import { countsGeneration } from '../../shared/strategy.ts';

export const ingressclasses = define<IngressClass>({
  ...fromFacts('networking.k8s.io', 'v1', 'ingressclasses'),
  strategy: {
    ...countsGeneration<IngressClass>(),
    default({ spec }) {
      if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
    },
    validate: ({ spec }) => domainPrefixedPathErrors(path('spec', 'controller'), spec?.controller ?? ''),
    validateUpdate: ({ spec }, old) => immutable(path('spec').child('controller'), spec?.controller, old.spec?.controller),
  },
  columns: [
    {
      ...text<IngressClass>('Name', ({ metadata }) =>
        metadata.annotations?.['ingressclass.kubernetes.io/is-default-class'] === 'true' ? `${metadata.name} (default)` : metadata.name,
      ),
      format: 'name',
    },
    text('Controller', ({ spec }) => spec?.controller ?? ''),
    text('Parameters', ({ spec }) => {
      const { apiGroup, kind, name } = spec?.parameters ?? {};
      if (kind === undefined) return '<none>';
      return `${kind}${apiGroup === undefined ? '' : `.${apiGroup}`}/${name ?? ''}`;
    }),
    age,
  ],
});
