// The scenario of every client (../README.md) with @kubernetes/client-node.
import { CoreV1Api, KubeConfig, makeInformer, PatchStrategy, setHeaderOptions } from '@kubernetes/client-node';

const count = 12;
const namespace = process.env.NAMESPACE;
const labelSelector = 'client=javascript';
const name = (at) => `javascript-${String(at).padStart(2, '0')}`;

function require(step, fine, got) {
  if (fine) return;
  console.log('failed', step, got);
  process.exit(1);
}
const done = (step) => console.log('ok', step);

async function refused(step, code, call) {
  try {
    await call();
  } catch (error) {
    return require(step, error.code === code, error);
  }
  require(step, false, 'was not refused');
}

async function expect(step, fine) {
  for (const end = Date.now() + 20_000; !fine(); await new Promise((resolve) => setTimeout(resolve, 50)))
    require(step, Date.now() < end, 'not in 20 s');
  done(step);
}

const config = new KubeConfig();
config.loadFromFile(process.env.KUBECONFIG);
const core = config.makeApiClient(CoreV1Api);

const body = (at) => ({ metadata: { name: name(at), labels: { client: 'javascript' } }, data: { a: '1' } });

async function create() {
  for (let at = 0; at < count; at++) require('create', (await core.createNamespacedConfigMap({ namespace, body: body(at) })).metadata.uid);
  await refused('create', 409, () => core.createNamespacedConfigMap({ namespace, body: body(0) }));
  await refused('create', 422, () => core.createNamespacedConfigMap({ namespace, body: { metadata: { name: 'Not Valid' } } }));
  done('create');
}

async function patch() {
  const send = (type, change) =>
    core.patchNamespacedConfigMap({ name: name(0), namespace, body: change }, setHeaderOptions('Content-Type', type));
  await send(PatchStrategy.JsonPatch, [{ op: 'add', path: '/data/json', value: 'x' }]);
  await send(PatchStrategy.MergePatch, { data: { merge: 'x' } });
  await send(PatchStrategy.StrategicMergePatch, { data: { strategic: 'x' } });
  const got = await core.readNamespacedConfigMap({ name: name(0), namespace });
  require('patch', Object.keys(got.data).length === 4, got.data);
  await core.replaceNamespacedConfigMap({ name: name(0), namespace, body: { ...got, data: { ...got.data, update: 'x' } } });
  await refused('patch', 409, () => core.replaceNamespacedConfigMap({ name: name(0), namespace, body: got }));
  done('patch');
}

async function apply() {
  const wanted = (value) => ({
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'javascript-applied', labels: { client: 'javascript' } },
    data: { a: value },
  });
  const send = (value, fieldManager, force) =>
    core.patchNamespacedConfigMap(
      { name: 'javascript-applied', namespace, body: wanted(value), fieldManager, force },
      setHeaderOptions('Content-Type', PatchStrategy.ServerSideApply),
    );
  await send('1', 'one');
  await refused('apply', 409, () => send('2', 'two'));
  const got = await send('2', 'two', true);
  require('apply', got.data.a === '2' && got.metadata.managedFields.length === 2, got.metadata.managedFields);
  done('apply');
}

async function pages() {
  let [found, pages, token] = [0, 0, undefined];
  do {
    const page = await core.listNamespacedConfigMap({ namespace, labelSelector, limit: 5, _continue: token });
    found += page.items.length;
    pages++;
    token = page.metadata._continue;
  } while (token);
  require('pages', found === count + 1 && pages === 3, { found, pages });
  done('pages');
}

async function remove() {
  await core.deleteNamespacedConfigMap({ name: name(0), namespace });
  await refused('delete', 404, () => core.readNamespacedConfigMap({ name: name(0), namespace }));
  await core.deleteCollectionNamespacedConfigMap({ namespace, labelSelector });
  require('delete', (await core.listNamespacedConfigMap({ namespace, labelSelector })).items.length === 0);
  done('delete');
}

const events = [];
const path = `/api/v1/namespaces/${namespace}/configmaps`;
const informer = makeInformer(config, path, () => core.listNamespacedConfigMap({ namespace, labelSelector }), labelSelector);
for (const kind of ['add', 'update', 'delete']) informer.on(kind, () => events.push(kind));
let stopping = false;
informer.on('error', (error) => require('watch', stopping, error));
await informer.start();
const seen = (kind) => events.filter((event) => event === kind).length;
await create();
await patch();
await apply();
await pages();
await expect('watch', () => seen('add') >= count && seen('update') > 0);
stopping = true;
await informer.stop();
await informer.start();
stopping = false;
await remove();
await expect('watch deletes', () => seen('delete') >= count);
process.exit(0);
