/** /metrics and the health paths, as monitoring sees them. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { refs } from '../client/refs.ts';
import { startTestServer, type TestServer } from './testing/server.ts';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.client.resource(refs.namespaces).create('', { metadata: { name: 'default' }, spec: {} });
});
afterAll(() => server.stop());

const configMaps = '/api/v1/namespaces/default/configmaps';
const metrics = async (): Promise<string[]> => (await server.ask('/metrics')).text.split('\n');
const value = (lines: readonly string[], series: string): string | undefined =>
  lines.find((line) => line.startsWith(`${series} `))?.slice(series.length + 1);

describe('metrics', () => {
  test('requests by verb, scope, dry run and code', async () => {
    const body = { metadata: { name: 'counted' } };
    await server.ask(configMaps, { method: 'POST', body });
    await server.ask(`${configMaps}?dryRun=All`, { method: 'POST', body: { metadata: { name: 'dry' } } });
    await server.ask(`${configMaps}/counted`);
    await server.ask(configMaps);
    await server.ask('/api/v1/configmaps');
    const apply = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'counted' } };
    const headers = { 'content-type': 'application/apply-patch+yaml' };
    await server.ask(`${configMaps}/counted?fieldManager=f`, { method: 'PATCH', headers, body: apply });
    const lines = await metrics();
    const total = (code: number, scope: string, verb: string, dryRun = ''): string | undefined =>
      value(
        lines,
        `apiserver_request_total{code="${String(code)}",component="apiserver",dry_run="${dryRun}",group="",resource="configmaps",scope="${scope}",subresource="",verb="${verb}",version="v1"}`,
      );
    expect(total(201, 'resource', 'POST')).toBe('1');
    expect(total(201, 'resource', 'POST', 'All')).toBe('1');
    expect(total(200, 'resource', 'GET')).toBe('1');
    expect(total(200, 'namespace', 'LIST')).toBe('1');
    expect(total(200, 'cluster', 'LIST')).toBe('1');
    expect(total(200, 'resource', 'APPLY')).toBe('1');
    expect(lines).toContain(
      '# HELP apiserver_request_total [STABLE] Counter of apiserver requests broken out for each verb, dry run value, group, version, resource, scope, component, and HTTP response code.',
    );
    const place = 'component="apiserver",group="",resource="configmaps",scope="namespace",subresource="",verb="LIST",version="v1"';
    expect(value(lines, `apiserver_response_sizes_count{${place}}`)).toBe('1');
    expect(value(lines, `apiserver_request_sli_duration_seconds_count{${place}}`)).toBe('1');
    expect(value(lines, 'apiserver_current_inflight_requests{request_kind="readOnly"}')).toMatch(/^[1-9]/);
  });

  test('who is let in, to what, and what was sent along', async () => {
    const body = { metadata: { name: 'sent' }, data: { a: 'b' } };
    await server.ask(configMaps, { method: 'POST', body });
    await server.ask('/api/v1/namespaces/default/endpoints');
    await server.ask(configMaps, { headers: { authorization: 'Bearer nonsense' } });
    await server.ask(
      `${configMaps}?watch=1&timeoutSeconds=1&fieldSelector=metadata.name%3Dnone&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true`,
    );
    const lines = await metrics();
    const some = /^[1-9]/;
    expect(value(lines, 'authentication_attempts{result="success"}')).toMatch(some);
    expect(value(lines, 'authentication_attempts{result="error"}')).toBe('1');
    expect(value(lines, 'authentication_duration_seconds_count{result="error"}')).toBe('1');
    expect(value(lines, 'authenticated_user_requests{username="admin"}')).toMatch(some);
    expect(value(lines, 'authorization_attempts_total{result="allowed"}')).toMatch(some);
    expect(value(lines, 'apiserver_request_body_size_bytes_count{group="",resource="configmaps",verb="create"}')).toMatch(some);
    const deprecated = 'group="",removed_release="",resource="endpoints",subresource="",version="v1"';
    expect(value(lines, `apiserver_requested_deprecated_apis{${deprecated}}`)).toBe('1');
    const place = 'group="",resource="configmaps",scope="namespace",version="v1"';
    expect(value(lines, `apiserver_watch_list_duration_seconds_count{${place}}`)).toBe('1');
  });

  test('the watch cache, addresses and ports of Services', async () => {
    await server.client
      .resource(refs.services)
      .create('default', { metadata: { name: 's' }, spec: { type: 'NodePort', ports: [{ port: 80 }] } });
    const lines = await metrics();
    expect(value(lines, 'apiserver_watch_cache_events_received_total{group="",resource="services"}')).toBe('1');
    expect(value(lines, 'kube_apiserver_nodeport_allocator_allocated_ports')).toBe('1');
    expect(value(lines, 'kube_apiserver_nodeport_allocator_available_ports')).toBe('2767');
    expect(value(lines, 'aggregator_unavailable_apiservice{name="v1.apps"}')).toBe('0');
  });

  test('what is stored, watches and their events', async () => {
    const stream = await server.open('/api/v1/namespaces/default/secrets?watch=1');
    const secret = { metadata: { name: 'seen' } };
    const seen = new Promise((resolve) => stream.once('data', resolve));
    await server.ask('/api/v1/namespaces/default/secrets', { method: 'POST', body: secret });
    await seen;
    const lines = await metrics();
    const place = 'component="apiserver",group="",resource="secrets",scope="namespace",subresource="",verb="WATCH",version="v1"';
    expect(value(lines, `apiserver_longrunning_requests{${place}}`)).toBe('1');
    expect(value(lines, 'apiserver_watch_events_total{group="",resource="secrets",version="v1"}')).toBe('1');
    expect(value(lines, 'apiserver_watch_events_sizes_count{group="",resource="secrets",version="v1"}')).toBe('1');
    expect(value(lines, 'apiserver_resource_objects{group="",resource="secrets"}')).toBe('1');
    expect(value(lines, 'apiserver_storage_objects{resource="secrets"}')).toBe('1');
    expect(Number(value(lines, 'apiserver_resource_size_estimate_bytes{group="",resource="secrets"}'))).toBeGreaterThan(50);
    stream.destroy();
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(value(await metrics(), `apiserver_longrunning_requests{${place}}`)).toBe('0');
  });

  test('the process and its build', async () => {
    const lines = await metrics();
    expect(Number(value(lines, 'process_resident_memory_bytes'))).toBeGreaterThan(1e7);
    expect(Number(value(lines, 'process_open_fds'))).toBeGreaterThan(3);
    expect(lines.find((line) => line.startsWith('kubernetes_build_info'))).toMatch(/git_version="v1\.36\.3\+coracle".* 1$/);
    expect(lines).toContain('# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.');
  });

  test('every line is one of the format', async () => {
    const wrong = (await metrics()).filter(
      (line) =>
        line !== '' &&
        !/^# (HELP|TYPE) \w+ .+$|^\w+(\{\w+="(\\.|[^"\\])*"(,\w+="(\\.|[^"\\])*")*\})? (\+Inf|-?[\d.]+(e[+-]\d+)?)$/.test(line),
    );
    expect(wrong).toEqual([]);
  });
});

describe('health', () => {
  test('one word, or every check by its name', async () => {
    expect((await server.ask('/livez')).text).toBe('ok');
    const verbose = (await server.ask('/readyz?verbose&exclude=etcd&exclude=nothing')).text.split('\n');
    expect(verbose.slice(0, 3)).toEqual(['[+]ping ok', '[+]log ok', '[+]etcd excluded: ok']);
    expect(verbose.slice(-4)).toEqual([
      '[+]shutdown ok',
      'warn: some health checks cannot be excluded: no matches for "nothing"',
      'readyz check passed',
      '',
    ]);
    expect((await server.ask('/readyz/etcd')).text).toBe('ok');
    expect((await server.ask('/readyz/nothing')).code).toBe(404);
  });

  test('the results are metrics of their own', async () => {
    await server.ask('/healthz');
    const lines = (await server.ask('/metrics/slis')).text.split('\n');
    expect(lines).toContain('# TYPE kubernetes_healthcheck gauge');
    expect(lines).toContain('kubernetes_healthcheck{name="ping",type="healthz"} 1');
    expect(value(lines, 'kubernetes_healthchecks_total{name="ping",status="success",type="healthz"}')).toMatch(/^[1-9]/);
  });

  test('a store that does not answer fails the server, without telling strangers why', async () => {
    const broken = await startTestServer({ storageCheck: () => Promise.reject(new Error('the disk is gone')) });
    const answer = await broken.ask('/readyz', { token: null });
    expect(answer.code).toBe(500);
    expect(answer.text).toContain('[-]etcd failed: reason withheld\n');
    expect(answer.text).toMatch(/readyz check failed\n$/);
    expect(await broken.ask('/readyz/etcd')).toMatchObject({ code: 500, text: 'internal server error: the disk is gone\n' });
    await broken.stop();
  });
});

describe('objects of priority and fairness', () => {
  test('what is mandatory is put right, what is suggested may be changed, and levels that are missing are told', async () => {
    const flows = '/apis/flowcontrol.apiserver.k8s.io/v1/flowschemas';
    const list = (await server.ask(flows)).body as {
      items: { metadata: { name: string }; status: { conditions: { status: string }[] } }[];
    };
    expect(list.items).toHaveLength(11);
    expect(list.items.every(({ status }) => status.conditions[0]?.status === 'False')).toBe(true);
    const schema = { metadata: { name: 'mine' }, spec: { priorityLevelConfiguration: { name: 'nowhere' }, matchingPrecedence: 500 } };
    await server.ask(flows, { method: 'POST', body: schema });
    const told = async (): Promise<unknown> => {
      for (;;) {
        const { body } = await server.ask(`${flows}/mine`);
        const { conditions } = (body as { status: { conditions?: unknown[] } }).status;
        if (conditions !== undefined) return conditions[0];
      }
    };
    expect(await told()).toMatchObject({
      type: 'Dangling',
      status: 'True',
      reason: 'NotFound',
      message: 'This FlowSchema references the PriorityLevelConfiguration object named "nowhere" but there is no such object',
    });
    const { headers } = await server.ask(configMaps);
    expect(headers['x-kubernetes-pf-flowschema-uid']).toMatch(/^[0-9a-f-]{36}$/);
  });
});
