/**
 * The commands of upstream's kubectl quick reference that concern what is built, with the real kubectl on simulated nodes.
 * Needs no root and no Docker.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { CoracleProcess, freePort } from '../support/coracle.ts';

let coracle: CoracleProcess;

const deployment = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: frontend
  labels: {app: frontend}
spec:
  replicas: 2
  selector: {matchLabels: {app: frontend}}
  template:
    metadata: {labels: {app: frontend}}
    spec:
      containers:
      - name: www
        image: image:v1
        ports: [{containerPort: 80}]
`;

/** Runs kubectl with a command line as a person types it, quotes as a shell takes them. */
async function type(line: string, input?: string): Promise<string> {
  const words = [...line.matchAll(/(?:[^\s"']|"[^"]*"|'[^']*')+/g)].map(([word]) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, '$1$2'));
  return coracle.kubectl.runWith(input ?? '', ...words);
}

beforeAll(async () => {
  coracle = new CoracleProcess(['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--runtime', 'sim']);
  await coracle.start();
}, 60_000);

afterAll(async () => {
  await coracle.stop();
  coracle.command('reset');
}, 60_000);

describe('what kubectl asks of a cluster', () => {
  test.each([
    ['version', /Server Version: v1\.36\.\d+/],
    ['cluster-info', /Kubernetes control plane.* is running at/],
    ['api-resources', /deployments +deploy +apps\/v1 +true +Deployment/],
    ['api-resources --namespaced=false -o name', /^nodes$/m],
    ['api-resources --verbs=list,get --api-group=batch', /cronjobs/],
    ['api-versions', /^apps\/v1$/m],
    ['get nodes', /Ready +<none> +\d+s +v1\.36/],
    ['get nodes -o wide', /INTERNAL-IP +EXTERNAL-IP +OS-IMAGE/],
    ['describe nodes', /Allocatable:/],
    ['get namespaces', /kube-system +Active/],
    ['get all -A', /service\/kubernetes/],
    ['get services -A --sort-by=.metadata.name', /kubernetes +ClusterIP/],
    ['get svc kubernetes -o yaml', /clusterIP: 10\.43\.0\.1/],
    ['get --raw /readyz', /ok/],
    ['get --raw "/readyz?verbose"', /readyz check passed/],
    ['explain pods', /Pod is a collection of containers/],
    ['explain deployment.spec.strategy.rollingUpdate', /FIELDS:[\s\S]*maxSurge/],
    ['explain pods --recursive', /imagePullPolicy/],
    ['auth whoami', /system:masters/],
    ['auth can-i create pods', /yes/],
  ])('kubectl %s', async (line, expected) => {
    expect(await type(line)).toMatch(expected);
  });
});

describe('a workload’s life by kubectl', () => {
  test('create, watch it come, look at it', async () => {
    expect(await type('apply -f -', deployment)).toContain('deployment.apps/frontend created');
    expect(await type('rollout status deployment/frontend --timeout=30s')).toContain('successfully rolled out');
    expect(await type('get deploy frontend')).toMatch(/frontend +2\/2 +2 +2 +\d+s/);
    expect(await type('get pods -l app=frontend -o wide')).toMatch(/1\/1 +Running +0 /);
    expect(await type('get pods --field-selector=status.phase=Running -o name')).toMatch(/^pod\/frontend-/);
    expect(await type("get pods -o jsonpath='{.items[*].spec.containers[0].image}'")).toBe('image:v1 image:v1');
    expect(await type('get pods -o custom-columns=NAME:.metadata.name,RSRC:.metadata.resourceVersion')).toMatch(/frontend-\S+ +\d+/);
    expect(await type('get pods --show-labels')).toContain('pod-template-hash=');
    expect(await type('get rs')).toMatch(/frontend-\S+ +2 +2 +2/);
    expect(await type('describe deployment frontend')).toMatch(/ScalingReplicaSet.*Scaled up replica set frontend-\S+ from 0 to 2/);
    expect(await type('describe pods -l app=frontend')).toContain('Successfully assigned default/frontend-');
    expect(await type('get events --sort-by=.metadata.creationTimestamp')).toContain('SuccessfulCreate');
    expect(await type('events')).toContain('SuccessfulCreate');
  }, 60_000);

  test('update, roll back, restart', async () => {
    await type('set image deployment/frontend www=image:v2');
    await type('rollout status deployment/frontend --timeout=30s');
    expect(await type('rollout history deployment/frontend')).toMatch(/^1 +<none>\n2 +<none>/m);
    expect(await type('rollout history deployment/frontend --revision=2')).toContain('image:v2');
    expect(await type('rollout undo deployment/frontend')).toContain('rolled back');
    await type('rollout status deployment/frontend --timeout=30s');
    expect(await type("get deployment frontend -o jsonpath='{.spec.template.spec.containers[0].image}'")).toBe('image:v1');
    expect(await type('rollout restart deployment/frontend')).toContain('restarted');
    await type('rollout status deployment/frontend --timeout=30s');
    expect(await type('rollout pause deployment/frontend')).toContain('paused');
    expect(await type('rollout resume deployment/frontend')).toContain('resumed');
    expect(await type('diff -f -', deployment).catch((error: Error) => error.message)).not.toContain('image: image');
  }, 90_000);

  test('label, annotate, expose, autoscale', async () => {
    const pod = (await type('get pods -l app=frontend -o name')).split('\n')[0] ?? '';
    expect(await type(`label ${pod} new-label=awesome`)).toContain('labeled');
    expect(await type(`label ${pod} new-label-`)).toContain('unlabeled');
    expect(await type(`annotate ${pod} icon-url=http://goo.gl/XXBTWq`)).toContain('annotated');
    expect(await type('expose deployment frontend --port=80 --target-port=8000')).toContain('exposed');
    expect(await type('describe service frontend')).toMatch(/Endpoints: +\d+\.\d+\.\d+\.\d+:8000/);
    expect(await type('autoscale deployment frontend --min=2 --max=10')).toContain('autoscaled');
    expect(await type('get hpa')).toMatch(/frontend +Deployment\/frontend/);
  }, 60_000);

  test('patch in three ways', async () => {
    expect(
      await type('patch deployment frontend -p \'{"spec":{"template":{"spec":{"containers":[{"name":"www","image":"image:v3"}]}}}}\''),
    ).toContain('patched');
    expect(await type("get deployment frontend -o jsonpath='{.spec.template.spec.containers[*].image}'")).toBe('image:v3');
    expect(
      await type(
        'patch deployment frontend --type=json -p \'[{"op":"replace","path":"/spec/template/spec/containers/0/image","value":"image:v4"}]\'',
      ),
    ).toContain('patched');
    expect(await type('patch deployment frontend --type=merge -p \'{"metadata":{"labels":{"a":"b"}}}\'')).toContain('patched');
    expect(await type("get deployment frontend -o jsonpath='{.metadata.labels.a}'")).toBe('b');
    expect(await type('patch deployment frontend --subresource=scale --type=merge -p \'{"spec":{"replicas":3}}\'')).toContain('patched');
  }, 30_000);

  test('scale, with and without a condition', async () => {
    expect(await type('scale --replicas=3 deployment/frontend')).toContain('scaled');
    expect(await type('scale --current-replicas=3 --replicas=1 deployment/frontend')).toContain('scaled');
    await type('rollout status deployment/frontend --timeout=30s');
    expect(await type('get deploy frontend')).toMatch(/1\/1/);
  }, 60_000);

  test('configuration and secrets', async () => {
    expect(await type('create configmap settings --from-literal=a=1 --from-literal=b=2')).toContain('created');
    expect(await type('get configmap settings -o yaml')).toContain('a: "1"');
    expect(await type('create secret generic mysecret --from-literal=password=s33msi4')).toContain('created');
    expect(await type("get secret mysecret -o jsonpath='{.data.password}'")).toBe(Buffer.from('s33msi4').toString('base64'));
    expect(await type('describe secret mysecret')).toContain('password:  7 bytes');
    expect(await type('create token default')).toMatch(/^eyJ/);
    expect(await type('create serviceaccount robot')).toContain('created');
    expect(await type('create namespace other')).toContain('created');
    expect(await type('create deployment nginx --image=nginx -n other')).toContain('created');
    expect(await type('run one --image=nginx -n other')).toContain('created');
    expect(await type('create job hello --image=busybox -n other -- echo hi')).toContain('created');
    expect(await type('create cronjob hello --image=busybox --schedule="*/1 * * * *" -n other')).toContain('created');
    expect(await type('create quota q --hard=pods=5 -n other')).toContain('created');
    expect(await type('create ingress web --rule=foo.com/bar=svc:80 -n other')).toContain('created');
    expect(await type('create role r --verb=get --resource=pods -n other')).toContain('created');
    expect(await type('create priorityclass high --value=1000')).toContain('created');
    expect(await type('get deploy,rs,pods,jobs,cronjobs,quota,ingress,roles -n other')).toContain('cronjob.batch/hello');
  }, 60_000);

  test('nodes: cordon, drain, taint', async () => {
    const node = (await type('get nodes -o name')).trim();
    const name = node.replace('node/', '');
    expect(await type(`cordon ${name}`)).toContain('cordoned');
    expect(await type('get nodes')).toContain('SchedulingDisabled');
    expect(await type(`drain ${name} --ignore-daemonsets --force --timeout=60s`)).toContain('drained');
    expect(await type(`uncordon ${name}`)).toContain('uncordoned');
    expect(await type(`taint nodes ${name} dedicated=special-user:NoSchedule`)).toContain('tainted');
    expect(await type(`taint nodes ${name} dedicated-`)).toContain('untainted');
  }, 90_000);

  test('replace, edit by script, delete', async () => {
    expect(await type('replace --force -f -', deployment)).toContain('replaced');
    await type('rollout status deployment/frontend --timeout=30s');
    expect(await type('delete pods -l app=frontend --wait=false')).toContain('deleted');
    expect(await type('delete pod,service frontend --ignore-not-found=true')).toContain('deleted');
    expect(await type('delete deployment,hpa frontend')).toContain('deleted');
    expect(await type('wait pods -l app=frontend --for=delete --timeout=30s')).toBe('');
    expect(await type('delete namespace other --timeout=60s')).toContain('deleted');
    await expect(type('get namespace other')).rejects.toThrow('Error from server (NotFound): namespaces "other" not found');
  }, 120_000);
});

/** Two replicas that may not be fewer, a DaemonSet, a pod of nobody and one with files of its own. */
const drained = `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: drained}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template: {metadata: {labels: {app: web}}, spec: {containers: [{name: c, image: image:v1}]}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web, namespace: drained}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: everywhere, namespace: drained}
spec:
  selector: {matchLabels: {app: everywhere}}
  template: {metadata: {labels: {app: everywhere}}, spec: {containers: [{name: c, image: image:v1}]}}
---
apiVersion: apps/v1
kind: ReplicaSet
metadata: {name: scratch, namespace: drained}
spec:
  replicas: 1
  selector: {matchLabels: {app: scratch}}
  template:
    metadata: {labels: {app: scratch}}
    spec: {containers: [{name: c, image: image:v1}], volumes: [{name: tmp, emptyDir: {}}]}
---
apiVersion: v1
kind: Pod
metadata: {name: bare, namespace: drained}
spec: {containers: [{name: c, image: image:v1}]}
`;

describe('draining a node', () => {
  const said = async (line: string): Promise<string> => {
    const { stdout, stderr } = await coracle.kubectl.result(line.split(' '));
    return stdout + stderr;
  };

  test('what holds it up is named; a budget is asked again until it lets go; pods that are bound to the node stay', async () => {
    const name = (await type('get nodes -o name')).trim().replace('node/', '');
    await type('create namespace drained');
    await type('apply -f -', drained);
    await type('wait pods --all -n drained --for=condition=Ready --timeout=30s');
    await type('wait pdb/web -n drained --for=jsonpath={.status.currentHealthy}=2 --timeout=30s');
    const plain = await said(`drain ${name}`);
    expect(plain).toContain(`node/${name} cordoned`);
    expect(plain).toMatch(/cannot delete Pods that declare no controller \(use --force to override\): drained\/bare/);
    expect(plain).toMatch(/cannot delete Pods with local storage \(use --delete-emptydir-data to override\): drained\/scratch-/);
    expect(plain).toMatch(/cannot delete DaemonSet-managed Pods \(use --ignore-daemonsets to ignore\): drained\/everywhere-/);
    expect(await type('get pods -n drained -o name')).toContain('pod/bare');

    const flags = '--ignore-daemonsets --force --delete-emptydir-data';
    const held = await said(`drain ${name} ${flags} --timeout=3s`);
    expect(held).toContain("(will retry after 5s): Cannot evict pod as it would violate the pod's disruption budget.");
    expect(held).toMatch(/evicting pod drained\/web-/);
    await type('wait pod/bare -n drained --for=delete --timeout=30s');
    // Unevicted ones of the Deployment run on, the other one's successor waits for a node.
    expect((await type('get pods -n drained -l app=web --field-selector=status.phase=Running -o name')).trim().split('\n')).toHaveLength(2);
    expect(await type('get pods -n drained -l app=scratch --field-selector=status.phase=Pending -o name')).toContain('pod/scratch-');

    const draining = said(`drain ${name} ${flags} --grace-period=1 --timeout=60s`);
    await type(`patch pdb web -n drained --type=merge -p '{"spec":{"minAvailable":0}}'`);
    const released = await draining;
    expect(released).toMatch(/pod\/web-\S+ evicted/);
    expect(released).toContain(`node/${name} drained`);
    expect(await type('get pods -n drained -l app=everywhere --field-selector=status.phase=Running -o name')).toContain('pod/everywhere-');
    expect(await type(`uncordon ${name}`)).toBe(`node/${name} uncordoned\n`);
    expect(await type(`uncordon ${name}`)).toBe(`node/${name} already uncordoned\n`);
    await type('rollout status deployment/web -n drained --timeout=30s');
    await type('delete namespace drained --timeout=60s');
  }, 120_000);
});

describe('what is refused', () => {
  test.each([
    ['get pods nonexistent', 'Error from server (NotFound): pods "nonexistent" not found'],
    ['get nonsense', `error: the server doesn't have a resource type "nonsense"`],
    ['create namespace default', 'Error from server (AlreadyExists): namespaces "default" already exists'],
    ['delete namespace default', 'Error from server (Forbidden): namespaces "default" is forbidden: this namespace may not be deleted'],
    [
      'create namespace Upper',
      'The Namespace "Upper" is invalid: metadata.name: Invalid value: "Upper": a lowercase RFC 1123 label must consist of',
    ],
    ['run x --image=', '--image is required'],
  ])('kubectl %s', async (line, expected) => {
    await expect(type(line)).rejects.toThrow(expected);
  });

  test('every fault of an object at once', async () => {
    const pod =
      '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"restartPolicy":"Sometimes","containers":[{"name":"A","image":""}]}}';
    const refusal = type('create -f -', pod);
    await expect(refusal).rejects.toThrow('spec.containers[0].name: Invalid value: "A"');
    await expect(refusal).rejects.toThrow('spec.containers[0].image: Required value');
    await expect(refusal).rejects.toThrow(
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    );
  });

  test('unknown fields are named', async () => {
    const pod = '{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"},"spec":{"containres":[],"containers":[{"name":"a","image":"b"}]}}';
    await expect(type('create -f -', pod)).rejects.toThrow('strict decoding error: unknown field "spec.containres"');
  });
});
