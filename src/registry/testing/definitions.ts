/** Small kinds for tests of the engine. */
import { invalid, path } from '../../api/field-errors.ts';
import type { KubeObject } from '../../api/object.ts';
import { jsonEqual } from '../../api/json.ts';
import type { RequestContext } from '../context.ts';
import { define, type ResourceDefinition, type Strategy } from '../definition.ts';

export interface Widget {
  apiVersion?: string;
  kind?: string;
  metadata: KubeObject['metadata'];
  spec: { size: number; color?: string; graceSeconds?: number; finalizers?: string[] };
  status?: { phase?: string; size?: number };
}

const strategy: Strategy<Widget> = {
  default(widget) {
    widget.spec ??= { size: 1 };
    widget.spec.color ??= 'grey';
  },
  prepareForCreate(widget) {
    widget.status = {};
    widget.metadata.generation = 1;
  },
  prepareForUpdate(widget, old) {
    if (old.status !== undefined) widget.status = structuredClone(old.status);
    if (!jsonEqual(widget.spec, old.spec)) widget.metadata.generation = (old.metadata.generation ?? 0) + 1;
  },
  validate: (widget) =>
    widget.spec.size < 0 ? [invalid(path('spec', 'size'), widget.spec.size, 'must be greater than or equal to 0')] : [],
  validateUpdate: (widget, old) =>
    widget.spec.color === old.spec.color ? [] : [invalid(path('spec', 'color'), widget.spec.color, 'field is immutable')],
  warnings: (widget) => (widget.spec.size > 100 ? ['spec.size: that is a lot'] : []),
};

export function widgets(changes: Partial<ResourceDefinition<Widget>> = {}): ResourceDefinition {
  return define<Widget>({
    group: 'example.com',
    version: 'v1',
    kind: 'Widget',
    listKind: 'WidgetList',
    resource: 'widgets',
    singular: 'widget',
    shortNames: [],
    categories: [],
    namespaced: true,
    verbs: ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'],
    schema: 'com.example.v1.Widget',
    strategy,
    columns: [],
    status: true,
    scale: {
      replicas: (widget) => widget.spec.size,
      setReplicas: (widget, size) => void (widget.spec.size = size),
      statusReplicas: (widget) => widget.status?.size ?? 0,
      selector: () => 'app=widget',
    },
    subresources: [
      {
        name: 'paint',
        prepareForUpdate(widget, old) {
          const { color } = widget.spec;
          widget.spec = { ...structuredClone(old.spec), ...(color === undefined ? {} : { color }) };
        },
        create: ({ name, body }) => Promise.resolve({ ...body, painted: name }),
      },
    ],
    selectableFields: { 'spec.color': (widget) => widget.spec.color ?? '' },
    ...changes,
    ...(changes.strategy === undefined ? {} : { strategy: { ...strategy, ...changes.strategy } }),
  });
}

/** Version v2 of the same objects calls the size `area`. */
export function widgetsV2(): ResourceDefinition {
  return {
    ...widgets(),
    version: 'v2',
    storage: { group: 'example.com', resource: 'widgets' },
    selectableFields: { 'spec.area': (widget) => String((widget.spec as { area: number }).area) },
    strategy: {},
    convert: {
      fromStored: ({ spec, ...rest }) => ({ ...rest, spec: { area: (spec as Widget['spec']).size } }),
      toStored: ({ spec, ...rest }) => ({ ...rest, spec: { size: (spec as { area: number }).area } }),
    },
  };
}

export function widget(name: string, spec: Partial<Widget['spec']> = {}): KubeObject {
  return { apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name } as KubeObject['metadata'], spec: { size: 1, ...spec } };
}

/** A context that keeps its warnings. */
export function testContext(changes: Partial<RequestContext> = {}): RequestContext & { readonly warnings: string[] } {
  const warnings: string[] = [];
  return { user: { name: 'tester', groups: [] }, warn: (text) => void warnings.push(text), warnings, ...changes };
}
