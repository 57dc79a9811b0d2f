/** The same load on any API server: pods created by 16 writers, read one by one, listed. */
import { percentile, row } from './statistics.ts';
import type { Target } from './target.ts';

const pods = '/api/v1/namespaces/bench/pods';

function pod(name: string, at: number): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: 'bench', tier: `t${String(at % 10)}` } },
    spec: {
      nodeSelector: { bench: 'never' },
      automountServiceAccountToken: false,
      containers: [
        {
          name: 'a',
          image: 'nginx:1',
          ports: [{ containerPort: 80 }],
          env: [
            { name: 'A', value: '1' },
            { name: 'B', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
          ],
          resources: { requests: { cpu: '10m', memory: '16Mi' }, limits: { cpu: '100m', memory: '64Mi' } },
          readinessProbe: { httpGet: { path: '/', port: 80 } },
        },
      ],
    },
  });
}

async function measure(name: string, options: { total: number; lanes: number }, call: (at: number) => Promise<unknown>): Promise<void> {
  const latencies: number[] = [];
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < options.total; at = next++) {
      const started = performance.now();
      await call(at);
      latencies.push(performance.now() - started);
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: options.lanes }, lane));
  const rate = options.total / ((performance.now() - started) / 1000);
  row(
    name,
    `${rate.toFixed(0).padStart(7)}/s  p50 ${percentile(latencies, 0.5).toFixed(2)} ms  p99 ${percentile(latencies, 0.99).toFixed(2)} ms`,
  );
}

export async function load(target: Target, count: number): Promise<void> {
  await target.must('POST', '/api/v1/namespaces', JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'bench' } }));
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'default' } };
  await target.call('POST', '/api/v1/namespaces/bench/serviceaccounts', JSON.stringify(account));
  const lanes = 16;
  await measure(`${target.name}: create pod, 16 writers`, { total: count, lanes }, (at) =>
    target.must('POST', pods, pod(`p${String(at)}`, at)),
  );
  await measure(`${target.name}: get pod, 16 readers`, { total: count * 2, lanes }, (at) =>
    target.must('GET', `${pods}/p${String(at % count)}`),
  );
  await measure(`${target.name}: merge patch pod, 16 writers`, { total: count, lanes }, (at) =>
    target.must('PATCH', `${pods}/p${String(at)}`, `{"metadata":{"labels":{"v":"${String(at)}"}}}`, 'application/merge-patch+json'),
  );
  await measure(`${target.name}: list ${String(count)} pods`, { total: 20, lanes: 1 }, () => target.must('GET', pods));
  await measure(`${target.name}: delete pod, 16 writers`, { total: count, lanes }, (at) =>
    target.must('DELETE', `${pods}/p${String(at)}?gracePeriodSeconds=0`),
  );
  await target.must('DELETE', '/api/v1/namespaces/bench');
}
