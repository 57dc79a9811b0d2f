/** The scenario of every client (../README.md) with one kubectl: its own requests, and its own reading of the answers. */
import { type ClientRun, CommandLine, runSteps } from '../command-run.ts';
import { join } from 'node:path';

const maps = 12;

/** Resolves with the steps done; rejects at the first that fails. */
export function kubectlScenario(run: ClientRun): Promise<string[]> {
  return runSteps(new CommandLine(run, ['--cache-dir', join(run.folder, 'cache')]), [
    ['version', (k) => k.expect(['version'], /Server Version: (v1\.36|.*Minor:"36")/)],
    ['discovery', discovery],
    ['create', create],
    ['patch', patch],
    ['apply', apply],
    ['server-side apply', serverSideApply],
    ['pages', pages],
    ['edit', edit],
    ['watch', watch],
    ['delete', remove],
  ]);
}

const configMap = (name: string, data: object): object => ({
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name, labels: { client: 'kubectl' } },
  data,
});
const deployment = (replicas: number): object => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: { name: 'kubectl-web' },
  spec: {
    replicas,
    selector: { matchLabels: { app: 'web' } },
    template: { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'c', image: 'nginx' }] } },
  },
});
const name = (at: number): string => `kubectl-${String(at).padStart(2, '0')}`;

async function discovery(kubectl: CommandLine): Promise<void> {
  await kubectl.expect(['api-resources'], /deployments\s+deploy\s+apps\/v1\s+true\s+Deployment/);
  await kubectl.expect(['api-versions'], /^apps\/v1$/m);
  await kubectl.expect(['explain', 'deployment.spec.replicas'], /Number of desired pods/);
}

async function create(kubectl: CommandLine): Promise<void> {
  const list = { apiVersion: 'v1', kind: 'List', items: Array.from({ length: maps }, (_, at) => configMap(name(at), { a: '1' })) };
  await kubectl.expect(['create', '-f', kubectl.file('maps.json', list)], /configmap\/kubectl-11 created/);
  await kubectl.expect(['create', 'configmap', name(0)], /AlreadyExists|already exists/, { code: 1 });
  await kubectl.expect(['create', 'configmap', 'Not_Valid'], /is invalid: metadata\.name/, { code: 1 });
  const misspelt = { ...configMap('kubectl-typo', {}), dat: {} };
  await kubectl.expect(['create', '-f', kubectl.file('typo.json', misspelt)], /unknown field "dat"/, { code: 1 });
  await kubectl.expect(['create', 'configmap', 'kubectl-dry', '--dry-run=server'], /created \(server dry run\)/);
}

async function patch(kubectl: CommandLine): Promise<void> {
  const patches = {
    json: '[{"op":"add","path":"/data/json","value":"x"}]',
    merge: '{"data":{"merge":"x"}}',
    strategic: '{"data":{"strategic":"x"}}',
  };
  for (const [type, body] of Object.entries(patches))
    await kubectl.expect(['patch', 'configmap', name(0), '--type', type, '-p', body], /patched/);
  await kubectl.expect(['get', 'configmap', name(0), '-o', 'jsonpath={.data}'], /"json":"x".*"merge":"x".*"strategic":"x"/);
  await kubectl.expect(['label', 'configmap', name(0), 'more=yes'], /labeled/);
  await kubectl.expect(['annotate', 'configmap', name(0), 'note=yes'], /annotated?/);
}

async function apply(kubectl: CommandLine): Promise<void> {
  const path = kubectl.file('web.json', deployment(0));
  await kubectl.expect(['apply', '-f', path], /deployment\.apps\/kubectl-web created/);
  await kubectl.expect(['apply', '-f', path], /unchanged/);
  const changed = kubectl.file('web-1.json', deployment(1));
  await kubectl.expect(['diff', '-f', changed], /\+\s+replicas: 1/, { code: 1 });
  await kubectl.expect(['apply', '-f', changed], /configured/);
  await kubectl.expect(['scale', 'deployment', 'kubectl-web', '--replicas=0'], /scaled/);
  await kubectl.expect(['rollout', 'status', 'deployment', 'kubectl-web', '--timeout=30s'], /successfully rolled out/);
  await kubectl.expect(
    ['get', 'deployments', '-o', 'wide'],
    /NAME\s+READY\s+UP-TO-DATE\s+AVAILABLE\s+AGE\s+CONTAINERS\s+IMAGES\s+SELECTOR/,
  );
}

async function serverSideApply(kubectl: CommandLine): Promise<void> {
  const first = kubectl.file('one.json', configMap('kubectl-applied', { a: '1' }));
  const second = kubectl.file('two.json', configMap('kubectl-applied', { a: '2' }));
  await kubectl.expect(['apply', '--server-side', '--field-manager=one', '-f', first], /serverside-applied/);
  await kubectl.expect(['apply', '--server-side', '--field-manager=two', '-f', second], /conflict with "one"/, { code: 1 });
  await kubectl.expect(['apply', '--server-side', '--field-manager=two', '--force-conflicts', '-f', second], /serverside-applied/);
  await kubectl.expect(['get', 'configmap', 'kubectl-applied', '-o', 'yaml', '--show-managed-fields'], /manager: two/);
}

async function pages(kubectl: CommandLine): Promise<void> {
  const { stdout } = await kubectl.run(['get', 'configmaps', '-l', 'client=kubectl', '--chunk-size=5', '-o', 'name']);
  const found = stdout.trim().split('\n').length;
  if (found !== maps + 1) throw new Error(`found ${String(found)} of ${String(maps + 1)}`);
  await kubectl.expect(['get', 'configmaps', '-l', 'client=kubectl', '--chunk-size=5'], /NAME\s+DATA\s+AGE[\s\S]*kubectl-11\s+1\s/);
}

async function edit(kubectl: CommandLine): Promise<void> {
  await kubectl.expect(['edit', 'configmap', name(1)], /edited/, { env: { EDITOR: 'sed -i \'s/a: "1"/a: "edited"/\'' } });
  await kubectl.expect(['get', 'configmap', name(1), '-o', 'jsonpath={.data.a}'], /^edited$/);
}

async function watch(kubectl: CommandLine): Promise<void> {
  const waiting = kubectl.expect(['wait', 'configmap', name(2), '--for=jsonpath={.data.a}=waited', '--timeout=30s'], /condition met/);
  await kubectl.expect(['patch', 'configmap', name(2), '--type=merge', '-p', '{"data":{"a":"waited"}}'], /patched/);
  await waiting;
  const deleting = kubectl.expect(['wait', 'configmap', name(3), '--for=delete', '--timeout=30s'], /^/);
  await kubectl.expect(['delete', 'configmap', name(3)], /deleted/);
  await deleting;
}

async function remove(kubectl: CommandLine): Promise<void> {
  await kubectl.expect(['delete', 'configmaps', '-l', 'client=kubectl'], /"kubectl-applied" deleted/);
  await kubectl.expect(['delete', 'deployment', 'kubectl-web', '--cascade=foreground'], /deleted/);
  await kubectl.expect(['get', 'configmaps', '-l', 'client=kubectl'], /No resources found/);
}
