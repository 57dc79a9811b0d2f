/** Every controller, in the order they start. */
import { deploymentController } from './deployment/index.ts';
import { replicaSetController } from './replicaset/index.ts';
import { replicationController } from './replicaset/replication-controller.ts';
import type { Controller } from './shared/controller.ts';

export { startControllers } from './start.ts';
export type { Controllers, ControllersOptions } from './start.ts';

export const controllers: readonly Controller[] = [deploymentController, replicaSetController, replicationController];
