/** Pods on Docker: how fast they come and go, what the agent's process costs meanwhile. */
import type { CoracleProcess } from '../../test/support/coracle.ts';
import { eventually } from '../../test/support/eventually.ts';
import { importImages } from '../../test/support/image.ts';
import { cpuSeconds, residentMB } from './processes.ts';
import { row } from './statistics.ts';

const seconds = async (action: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await action();
  return (performance.now() - started) / 1000;
};

export async function nodeFigures(coracle: CoracleProcess): Promise<void> {
  importImages([{ name: 'coracle.test/web:v1', changes: ['ENV VERSION=v1', 'CMD ["/bin/node","/srv/web.mjs","serve"]'] }]);
  await coracle.start();
  const { kubectl } = coracle;
  try {
    await kubectl.run(
      'create',
      'deployment',
      'idle',
      '--image=coracle.test/web:v1',
      '--replicas=6',
      '--',
      '/bin/sh',
      '-c',
      'trap "exit 0" TERM; sleep 1000000 & wait',
    );
    const ready = async (count: number): Promise<void> => {
      await kubectl.run('wait', 'deployment/idle', `--for=jsonpath={.status.readyReplicas}=${String(count)}`, '--timeout=120s');
    };
    const scale = (count: number): Promise<string> => kubectl.run('scale', 'deployment/idle', `--replicas=${String(count)}`);
    await ready(6);
    const scaled = async (count: number): Promise<void> => void (await Promise.all([ready(count), scale(count)]));
    row('coracle: one replica more, Ready', `${(await seconds(() => scaled(7))).toFixed(2)} s`);
    row('coracle: 40 more, all Ready', `${(await seconds(() => scaled(47))).toFixed(2)} s`);
    const memory = residentMB(coracle.pid);
    row('coracle: memory with 47 pods', `${memory.toFixed(0)} MB`);
    const before = cpuSeconds(coracle.pid);
    const idle = await seconds(() => new Promise((resolve) => setTimeout(resolve, 20_000)));
    row('coracle: CPU with 47 idle pods', `${(((cpuSeconds(coracle.pid) - before) / idle) * 100).toFixed(1)} % of a core`);
    const gone = async (): Promise<void> => {
      await scale(0);
      await eventually(async () => {
        const names = await kubectl.run('get', 'pods', '-o', 'name');
        if (names !== '') throw new Error('pods are left');
      }, 120_000);
    };
    row('coracle: 47 deleted', `${(await seconds(gone)).toFixed(2)} s`);
  } finally {
    await coracle.stop();
    coracle.command('reset');
  }
}
