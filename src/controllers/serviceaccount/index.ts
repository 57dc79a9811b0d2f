import { refs } from '../../client/refs.ts';
import type { Controller } from '../shared/controller.ts';
import { ensureInNamespaces } from '../shared/ensure.ts';

/** The `default` ServiceAccount of every namespace: pkg/controller/serviceaccount/serviceaccounts_controller.go. */
export const serviceAccountController: Controller = {
  name: 'serviceaccount-controller',
  watches: ['namespaces', 'serviceaccounts'],
  start: (context) =>
    ensureInNamespaces(
      {
        controller: 'serviceaccount-controller',
        ref: refs.serviceAccounts,
        name: 'default',
        make: (namespace) => ({ metadata: { name: 'default', namespace } }),
        repair: () => undefined,
      },
      context,
    ),
};
