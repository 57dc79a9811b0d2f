import type { DeviceAttribute, ResourceSlice } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { rfc3339 } from '../../../base/clock.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { countsGeneration, together } from '../../shared/strategy.ts';
import { withoutDisabled } from '../../shared/disabled-fields.ts';
import { sliceErrors } from './validation.ts';

export const resourceslices = ({ clock }: ResourceDeps): ResourceDefinition =>
  define<ResourceSlice>({
    ...fromFacts('resource.k8s.io', 'v1', 'resourceslices'),
    strategy: {
      ...together(countsGeneration<ResourceSlice>(), withoutDisabled<ResourceSlice>(dropGated)),
      namesOnCreateOnly: true,
      default: ({ spec }) => {
        const now = rfc3339(clock.now());
        for (const { taints = [] } of spec.devices ?? []) for (const taint of taints) taint.timeAdded ??= now;
      },
      validate: (slice) => sliceErrors(slice),
      validateUpdate: sliceErrors,
      warnings: ({ spec: { driver } }) =>
        driver === driver.toLowerCase()
          ? []
          : [`spec.driver: driver names should be lowercase; ${JSON.stringify(driver)} contains uppercase characters`],
    },
    selectableFields: { 'spec.nodeName': ({ spec }) => spec.nodeName ?? '', 'spec.driver': ({ spec }) => spec.driver },
    columns: [
      name,
      text('Node', ({ spec }) => spec.nodeName ?? ''),
      text('Driver', ({ spec }) => spec.driver),
      text('Pool', ({ spec }) => spec.pool.name),
      age,
    ],
  });

/** DRANodeAllocatableResources and DRAListTypeAttributes are off. */
function dropGated({ spec }: ResourceSlice, old: ResourceSlice | undefined): void {
  const isUsed = old?.spec.devices?.some((device) => device.nodeAllocatableResourceMappings !== undefined) === true;
  if (!isUsed) for (const device of spec.devices ?? []) delete device.nodeAllocatableResourceMappings;
  const hasLists = attributesOf(old).some((attribute) => listFields.some((field) => attribute[field] !== undefined));
  if (!hasLists) for (const attribute of attributesOf({ spec })) for (const field of listFields) delete attribute[field];
}

const listFields = ['bools', 'ints', 'strings', 'versions'] as const;

function attributesOf(slice: Pick<ResourceSlice, 'spec'> | undefined): DeviceAttribute[] {
  return (slice?.spec.devices ?? []).flatMap(({ attributes }) => Object.values(attributes ?? {}));
}
