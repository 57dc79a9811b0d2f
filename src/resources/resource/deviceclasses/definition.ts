import type { DeviceClass } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { dns1123SubdomainFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import { nameAndAge } from '../../shared/columns.ts';
import { deviceClassErrors } from '../../shared/devices.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGeneration } from '../../shared/strategy.ts';

export const deviceclasses = define<DeviceClass>({
  ...fromFacts('resource.k8s.io', 'v1', 'deviceclasses'),
  strategy: {
    ...countsGeneration<DeviceClass>(),
    // what names are generated from is not looked at
    validateName: (name, prefix) =>
      prefix ? [] : dns1123SubdomainFaults(name).map((fault) => fault.replace(/^(must be no more than \d+) characters$/, '$1 bytes')),
    validate: ({ spec }) => deviceClassErrors(spec, path('spec')),
  },
  columns: nameAndAge,
});
