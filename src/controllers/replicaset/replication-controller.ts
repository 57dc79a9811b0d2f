import { mapMatcher } from '../../api/label-selector.ts';
import { refs } from '../../client/refs.ts';
import type { Controller } from '../shared/controller.ts';
import { startReplicaManager } from './replica-manager.ts';

export const replicationController: Controller = {
  name: 'replicationcontroller-controller',
  watches: ['replicationcontrollers', 'pods'],
  start: (context) =>
    startReplicaManager(
      {
        ref: refs.replicationControllers,
        component: 'replication-controller',
        matcher: (owner) => mapMatcher(owner.spec.selector),
        countsTerminating: false,
      },
      context,
    ),
};
