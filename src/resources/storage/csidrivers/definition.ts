import type { CSIDriver } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, boolean, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGeneration } from '../../shared/strategy.ts';
import { driverWarnings, validateDriver, validateDriverUpdate } from './validation.ts';

export const csidrivers = define<CSIDriver>({
  ...fromFacts('storage.k8s.io', 'v1', 'csidrivers'),
  strategy: {
    prepareForCreate: (driver) => dropPrevention(driver, undefined),
    prepareForUpdate(driver, old, context) {
      dropPrevention(driver, old);
      countsGeneration<CSIDriver>().prepareForUpdate?.(driver, old, context);
    },
    default({ spec }) {
      spec.attachRequired ??= true;
      spec.podInfoOnMount ??= false;
      spec.storageCapacity ??= false;
      spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType';
      if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent'];
      spec.requiresRepublish ??= false;
      spec.seLinuxMount ??= false;
    },
    validate: validateDriver,
    validateUpdate: validateDriverUpdate,
    warnings: driverWarnings,
    namesOnCreateOnly: true,
    allowUnconditionalUpdate: false,
  },
  columns: [
    name,
    boolean('AttachRequired', ({ spec }) => spec.attachRequired ?? true),
    boolean('PodInfoOnMount', ({ spec }) => spec.podInfoOnMount ?? false),
    boolean('StorageCapacity', ({ spec }) => spec.storageCapacity ?? false),
    text('TokenRequests', ({ spec }) => spec.tokenRequests?.map((request) => request.audience).join(',') ?? '<unset>'),
    boolean('RequiresRepublish', ({ spec }) => spec.requiresRepublish ?? false),
    text('Modes', ({ spec }) => (spec.volumeLifecycleModes ?? []).join(',') || '<none>'),
    age,
  ],
});

/** VolumeLimitScaling is off (registry/storage/csidriver/strategy.go). */
function dropPrevention({ spec }: CSIDriver, old: CSIDriver | undefined): void {
  if (old?.spec.preventPodSchedulingIfMissing === undefined) delete spec.preventPodSchedulingIfMissing;
}
