import { randomUUID } from 'node:crypto';
import type { LimitRange } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { text, name } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { validateLimitRange } from './validation.ts';

/** Has no printer upstream: the general table of name and creation time serves it. */
export const limitranges = define<LimitRange>({
  ...fromFacts('', 'v1', 'limitranges'),
  strategy: {
    default({ spec }) {
      for (const item of (spec.limits as typeof spec.limits | null) ?? []) {
        if (item.type !== 'Container') continue;
        item.default = { ...item.max, ...item.default };
        item.defaultRequest = { ...item.min, ...item.default, ...item.defaultRequest };
      }
    },
    prepareForCreate({ metadata }) {
      if ((metadata.name ?? '') === '') metadata.name = randomUUID();
    },
    validate: validateLimitRange,
    allowCreateOnUpdate: true,
  },
  columns: [name, { ...text<LimitRange>('Created At', ({ metadata }) => metadata.creationTimestamp), type: 'date' }],
});
