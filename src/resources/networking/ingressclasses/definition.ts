import type { IngressClass } from '../../../api/generated/types.ts';
import { forbiddenField, notSupported, path, required, tooLong, type FieldError } from '../../../api/field-errors.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, text } from '../../shared/columns.ts';
import { immutable } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';
import { checked, domainPrefixedPathErrors } from '../../shared/names.ts';
import { objectReferenceErrors } from '../../shared/object-reference.ts';
import { countsGeneration } from '../../shared/strategy.ts';

export const ingressclasses = define<IngressClass>({
  ...fromFacts('networking.k8s.io', 'v1', 'ingressclasses'),
  strategy: {
    ...countsGeneration<IngressClass>(),
    default({ spec }) {
      if (spec?.parameters !== undefined) spec.parameters.scope ??= 'Cluster';
    },
    validate,
    validateUpdate: (object, old) => [
      ...immutable(path('spec', 'controller'), object.spec?.controller ?? '', old.spec?.controller ?? ''),
      ...validate(object),
    ],
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

const maxController = 250;

/** validateIngressClassSpec of pkg/apis/networking/validation. */
function validate({ spec }: IngressClass): FieldError[] {
  const at = path('spec', 'controller');
  const controller = spec?.controller ?? '';
  return [
    ...(Buffer.byteLength(controller) > maxController ? [tooLong(at, maxController)] : []),
    ...domainPrefixedPathErrors(at, controller),
    ...(spec?.parameters === undefined ? [] : parameterErrors(spec.parameters)),
  ];
}

function parameterErrors(parameters: NonNullable<NonNullable<IngressClass['spec']>['parameters']>): FieldError[] {
  const at = path('spec', 'parameters');
  const { scope, namespace } = parameters;
  const own = at.child('namespace');
  const scopes = ['Cluster', 'Namespace'];
  const faults = objectReferenceErrors(parameters, at);
  if (scope === undefined) faults.push(required(at.child('scope')));
  else if (!scopes.includes(scope)) faults.push(notSupported(at.child('scope'), scope, scopes));
  else if (scope === 'Cluster' && namespace !== undefined) faults.push(forbiddenField(own, "`parameters.scope` is set to 'Cluster'"));
  else if (scope === 'Namespace' && namespace === undefined) faults.push(required(own, "`parameters.scope` is set to 'Namespace'"));
  else if (scope === 'Namespace') faults.push(...checked(own, namespace ?? '', dns1123LabelFaults));
  return faults;
}
