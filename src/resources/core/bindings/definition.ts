import type { Binding } from '../../../api/generated/types.ts';
import { badRequest } from '../../../api/errors.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { fromFacts } from '../../shared/facts.ts';
import { bind } from '../pods/binding.ts';

/** The old way to pods/binding: POST to the collection with the pod's name inside. */
export function bindings(deps: ResourceDeps): ResourceDefinition {
  return define<Binding>({
    ...fromFacts('', 'v1', 'bindings'),
    strategy: {},
    columns: [],
    virtual: (binding, context) => {
      const store = deps.stores('', 'v1', 'pods');
      if (store === undefined) throw badRequest('pods are not served');
      const { name, namespace = '' } = binding.metadata;
      return bind({ name, namespace, body: binding, context, store }, deps.clock);
    },
  });
}
