import type { VolumeAttachment } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { semanticEqual } from '../../../api/json.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { age, boolean, name, text } from '../../shared/columns.ts';
import { checked } from '../../shared/names.ts';
import { csiDriverNameErrors } from '../../shared/pod/validate-volume-sources.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';

export const volumeattachments = define<VolumeAttachment>({
  ...fromFacts('storage.k8s.io', 'v1', 'volumeattachments'),
  strategy: {
    statusKeeps: 'metadata',
    ...resetsStatus<VolumeAttachment>(() => ({ attached: false })),
    validate,
    validateUpdate: (attachment, old) => [...validate(attachment), ...specChanged(attachment, old)],
    validateStatusUpdate: (attachment, old) => [...validate(attachment), ...specChanged(attachment, old)],
    allowUnconditionalUpdate: false,
  },
  columns: [
    name,
    { ...text<VolumeAttachment>('Attacher', ({ spec }) => spec.attacher), format: 'name' },
    text('PV', ({ spec }) => spec.source.persistentVolumeName ?? ''),
    text('Node', ({ spec }) => spec.nodeName),
    boolean('Attached', ({ status }) => status.attached),
    age,
  ],
});

const exactlyOne = 'must specify exactly one of inlineVolumeSpec and persistentVolumeName';

/** ValidateVolumeAttachment of pkg/apis/storage/validation. */
function validate({ spec, status }: VolumeAttachment): FieldError[] {
  const at = path('spec');
  const { persistentVolumeName: volume, inlineVolumeSpec } = spec.source;
  const source = at.child('source');
  return [
    ...csiDriverNameErrors(spec.attacher, at.child('attacher')),
    ...(volume === undefined && inlineVolumeSpec === undefined ? [required(source, exactlyOne)] : []),
    ...(volume !== undefined && inlineVolumeSpec !== undefined ? [forbiddenField(source, exactlyOne)] : []),
    ...(volume === '' && inlineVolumeSpec === undefined
      ? [required(source.child('persistentVolumeName'), 'must specify non empty persistentVolumeName')]
      : []),
    ...checked(at.child('nodeName'), spec.nodeName, dns1123SubdomainFaults),
    ...(['attachError', 'detachError'] as const).flatMap((field) => {
      const code = (status as VolumeAttachment['status'] | undefined)?.[field]?.errorCode ?? 0;
      const why = 'must be between 0 and 2147483647, inclusive';
      return code < 0 ? [invalid(path('status', field, 'errorCode'), code, why)] : [];
    }),
    ...(volume === undefined ? [] : checked(source.child('persistentVolumeName'), volume, dns1123SubdomainFaults)),
  ];
}

function specChanged({ spec }: VolumeAttachment, old: VolumeAttachment): FieldError[] {
  if (semanticEqual(spec, old.spec)) return [];
  return [invalid(path('spec'), internalForm('storage.VolumeAttachmentSpec', spec), 'field is immutable')];
}
