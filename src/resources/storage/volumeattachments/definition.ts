import type { VolumeAttachment } from '../../../api/generated/types.ts';
import { path, required, type FieldError } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { age, boolean, name, text } from '../../shared/columns.ts';
import { immutable, requiredText } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';

export const volumeattachments = define<VolumeAttachment>({
  ...fromFacts('storage.k8s.io', 'v1', 'volumeattachments'),
  strategy: {
    statusKeeps: 'metadata',
    ...resetsStatus<VolumeAttachment>(() => ({ attached: false })),
    validate,
    validateUpdate: (attachment, old) => [...validate(attachment), ...immutable(path('spec'), attachment.spec, old.spec)],
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

function validate({ spec }: VolumeAttachment): FieldError[] {
  const at = path('spec');
  const { persistentVolumeName, inlineVolumeSpec } = spec.source;
  return [
    ...requiredText(at.child('attacher'), spec.attacher),
    ...(persistentVolumeName === undefined && inlineVolumeSpec === undefined
      ? [required(at.child('source'), 'must specify exactly one of inlineVolumeSpec and persistentVolumeName')]
      : []),
    ...requiredText(at.child('nodeName'), spec.nodeName),
  ];
}
