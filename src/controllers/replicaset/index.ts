import { labelMatcher } from '../../api/label-selector.ts';
import { refs } from '../../client/refs.ts';
import type { Controller } from '../shared/controller.ts';
import { startReplicaManager } from './replica-manager.ts';

export const replicaSetController: Controller = {
  name: 'replicaset-controller',
  watches: ['replicasets', 'pods'],
  start: (context) =>
    startReplicaManager(
      {
        ref: refs.replicaSets,
        component: 'replicaset-controller',
        matcher: (owner) => labelMatcher(owner.spec.selector),
        countsTerminating: true,
      },
      context,
    ),
};
