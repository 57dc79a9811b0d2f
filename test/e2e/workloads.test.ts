/**
 * What becomes of workloads, step by step, beside what the real kube-controller-manager 1.36.3 made of the same
 * (test/compare/workloads, recorded answers). Without nodes: the test plays kubelet.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { join } from 'node:path';
import { Target } from '../compare/target.ts';
import { compareWorkloads } from '../compare/workloads/compare.ts';
import { CoracleProcess, freePort } from '../support/coracle.ts';

let coracle: CoracleProcess;

beforeAll(async () => {
  coracle = new CoracleProcess([
    ...['--https-listen-port', String(await freePort()), '--disable-agent', '--no-setup', '--datastore-endpoint', 'memory'],
    ...['--cluster-cidr', '10.146.0.0/16,fd42:3::/56', '--service-cidr', '10.147.0.0/16,fd43:3::/112'],
  ]);
  await coracle.start();
}, 60_000);

afterAll(async () => {
  await coracle.stop();
  expect(coracle.command('reset')).toMatchObject({ code: 0 });
}, 60_000);

test('Jobs, Deployments, ReplicaSets and ReplicationControllers go as with the real controllers', async () => {
  const ours = new Target(join(coracle.dataDir, 'kubeconfig'));
  const { differences, steps } = await compareWorkloads({ ours, filters: ['job', 'deployment', 'replicaset', 'replicationcontroller'] });
  ours.close();
  expect(differences).toEqual([]);
  expect(steps).toBeGreaterThan(180);
}, 240_000);
