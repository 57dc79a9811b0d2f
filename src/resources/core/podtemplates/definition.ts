import type { PodTemplate } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { define } from '../../../registry/definition.ts';
import { containerColumns, formatLabels, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { templateWarnings } from '../../shared/pod/warnings.ts';
import { specChanged } from '../../shared/pod/workload-warnings.ts';
import { defaultTemplate } from '../../shared/pod/defaults.ts';
import { validateTemplate } from '../../shared/pod/validate-template.ts';
import { withoutDisabledInTemplate } from '../../shared/pod/disabled-fields.ts';
import { countsGeneration, together } from '../../shared/strategy.ts';

export const podtemplates = define<PodTemplate>({
  ...fromFacts('', 'v1', 'podtemplates'),
  strategy: {
    ...together<PodTemplate>(
      withoutDisabledInTemplate(({ template }) => template),
      countsGeneration((object) => object.template),
    ),
    default: ({ template }) => defaultTemplate(template),
    validate: ({ template }) => validateTemplate(template, path('template')),
    namesOnCreateOnly: true,
    validateUpdate: ({ template }) => validateTemplate(template, path('template')),
    warnings: (object, old) => (specChanged(object, old) ? templateWarnings(object.template, path('template')) : []),
  },
  columns: [
    name,
    ...containerColumns<PodTemplate>(({ template }) => template?.spec?.containers).map((column) => ({ ...column, priority: 0 })),
    text('Pod Labels', ({ template }) => formatLabels(template?.metadata?.labels)),
  ],
});
