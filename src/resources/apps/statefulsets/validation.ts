import type { StatefulSet } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123LabelFaults } from '../../../api/names.ts';
import { nonNegative } from '../../shared/checks.ts';
import { amountOf, intOrPercentErrors } from '../../shared/int-or-percent.ts';
import { claimSpecErrors } from '../../shared/claim-spec.ts';
import { checked } from '../../shared/names.ts';
import { workloadErrors } from '../../shared/pod/workload.ts';

const at = path('spec');
type Spec = StatefulSet['spec'];

const mutable = [
  'replicas',
  'ordinals',
  'template',
  'updateStrategy',
  'revisionHistoryLimit',
  'persistentVolumeClaimRetentionPolicy',
  'minReadySeconds',
] as const;

/** ValidateStatefulSetSpec of pkg/apis/apps/validation. */
export function validateStatefulSet({ spec }: StatefulSet): FieldError[] {
  return specErrors(spec, true);
}

/** What cannot be changed any more is not held against an update. */
function specErrors(spec: Spec, isNew: boolean): FieldError[] {
  const policies = ['OrderedReady', 'Parallel'];
  const field = at.child('podManagementPolicy');
  const policy = spec.podManagementPolicy ?? '';
  return [
    ...(policy === ''
      ? [required(field)]
      : policies.includes(policy)
        ? []
        : [invalid(field, policy, "must be 'OrderedReady' or 'Parallel'")]),
    ...strategyErrors(spec.updateStrategy ?? {}),
    ...retentionErrors(spec),
    ...(isNew ? claimErrors(spec) : []),
    ...nonNegative(at.child('replicas'), spec.replicas),
    ...nonNegative(at.child('minReadySeconds'), spec.minReadySeconds),
    ...nonNegative(at.child('ordinals.start'), spec.ordinals?.start),
    ...((spec.serviceName ?? '') === '' || !isNew ? [] : checked(at.child('serviceName'), spec.serviceName ?? '', dns1123LabelFaults)),
    ...workloadErrors({ selector: spec.selector, template: withClaims(spec) }, at, 'StatefulSet'),
  ];
}

export function validateStatefulSetUpdate(set: StatefulSet, old: StatefulSet): FieldError[] {
  const faults = specErrors(set.spec, false);
  const frozen = (spec: Spec): unknown => ({ ...spec, ...Object.fromEntries(mutable.map((field) => [field, undefined])) });
  if (!semanticEqual(frozen(set.spec), frozen(old.spec))) {
    faults.push(
      forbiddenField(
        at,
        "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds' are forbidden",
      ),
    );
  }
  return faults;
}

/** The template as its pods will be: with a volume for each claim template, hostname and subdomain being the controller's. */
function withClaims({ template, volumeClaimTemplates = [] }: Spec): Spec['template'] {
  const podSpec = template.spec;
  if (podSpec === undefined) return template;
  const claimNames = [...new Set(volumeClaimTemplates.map(({ metadata }) => metadata?.name ?? ''))];
  const claimed = claimNames.map((name) => ({
    name,
    persistentVolumeClaim: { claimName: name },
  }));
  const names = new Set(claimNames);
  const { hostname, subdomain, volumes = [], ...rest } = podSpec;
  void [hostname, subdomain];
  return { ...template, spec: { ...rest, volumes: [...claimed, ...volumes.filter((volume) => !names.has(volume.name))] } };
}

function strategyErrors(strategy: NonNullable<Spec['updateStrategy']>): FieldError[] {
  const field = at.child('updateStrategy');
  const { type, rollingUpdate } = strategy;
  const own = field.child('rollingUpdate');
  if ((type ?? '') === '') return [required(field)];
  if (type === 'OnDelete')
    return rollingUpdate === undefined
      ? []
      : [
          invalid(
            own,
            internalForm('apps.RollingUpdateStatefulSetStrategy', rollingUpdate),
            "only allowed for updateStrategy 'RollingUpdate'",
          ),
        ];
  if (type !== 'RollingUpdate')
    return [invalid(field, internalForm('apps.StatefulSetUpdateStrategy', strategy), "must be 'RollingUpdate' or 'OnDelete'")];
  const faults = nonNegative(own.child('partition'), rollingUpdate?.partition);
  const max = rollingUpdate?.maxUnavailable;
  if (max === undefined) return faults;
  faults.push(...intOrPercentErrors(max, own.child('maxUnavailable'), { atMost100: true }));
  if (amountOf(max) === 0) faults.push(invalid(own.child('maxUnavailable'), max, 'cannot be 0'));
  return faults;
}

function claimErrors({ volumeClaimTemplates = [] }: Spec): FieldError[] {
  const field = at.child('volumeClaimTemplates');
  return volumeClaimTemplates.flatMap(({ spec }, index) => claimSpecErrors(spec ?? {}, field.index(index).child('spec')));
}

function retentionErrors({ persistentVolumeClaimRetentionPolicy: policy }: Spec): FieldError[] {
  const supported = ['Retain', 'Delete'];
  return (['whenDeleted', 'whenScaled'] as const).flatMap((field) =>
    supported.includes(policy?.[field] ?? 'Retain')
      ? []
      : [notSupported(at.child('persistentVolumeClaimRetentionPolicy', field), policy?.[field], supported)],
  );
}
