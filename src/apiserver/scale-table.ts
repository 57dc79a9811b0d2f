/** The table of a Scale, whatever it belongs to (pkg/printers/internalversion, printScale). */
import type { KubeObject } from '../api/object.ts';
import type { Column, ResourceDefinition } from '../registry/definition.ts';
import { scaleKind } from '../registry/scale.ts';
import { age, text } from '../resources/shared/columns.ts';

interface Scale extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status: { readonly replicas: number };
}

const columns: readonly Column<Scale>[] = [
  text('Name', ({ metadata }) => metadata.name),
  {
    name: 'Desired',
    type: 'integer',
    description: 'replicas is the desired number of instances for the scaled object.',
    value: ({ spec }) => spec.replicas ?? 0,
  },
  {
    name: 'Available',
    type: 'integer',
    description: 'replicas is the actual number of observed instances of the scaled object.',
    value: ({ status }) => status.replicas,
  },
  age,
];

/** As far as tables are concerned. */
export function scaleDefinition({ hiddenAnnotation: _hidden, extraCells: _cells, ...parent }: ResourceDefinition): ResourceDefinition {
  return { ...parent, ...scaleKind, columns: columns };
}
