import { describe, expect, test } from '@jest/globals';
import type { EndpointSlice, Service } from '../../api/generated/types.ts';
import type { Item } from '../rules.ts';
import { itemsOf } from '../rules.ts';
import { servicePorts } from '../service-ports.ts';
import type { ServiceForm } from '../testing/objects.ts';
import { endpointSlice, service } from '../testing/objects.ts';
import { TableState } from './table-state.ts';

const plan = { instance: 'abc123', clusterCIDRs: ['10.42.0.0/16'], serviceCIDRs: ['10.43.0.0/16'] };
const table = 'ip coracle_abc123';
const base: ServiceForm = { clusterIPs: ['10.43.0.5'], ports: [{ port: 80 }] };

/** The items of a service with these endpoints; `x@node-1` is local. */
function items(ips: string[], form: Partial<ServiceForm> = {}): Item[] {
  const endpoints = ips.map((text) => ({ ip: text.replace('@node-1', ''), ...(text.endsWith('@node-1') ? { nodeName: 'node-1' } : {}) }));
  const slices = [endpointSlice('web', { endpoints, ports: [{ port: 8080 }] }) as EndpointSlice];
  const rules = servicePorts(service('web', { ...base, ...form }) as unknown as Service, slices, { nodeName: 'node-1' });
  return rules.flatMap((rule) => itemsOf(rule));
}

function text(list: Item[]): string[] {
  return list.map((item) =>
    item.kind === 'element'
      ? `${item.map} ${item.key}${item.value === '' ? '' : ` : ${item.value}`}`
      : `${item.kind} ${item.name.replace(/_.*/, '')}`,
  );
}

function changed(before: Item[], after: Item[]): string[] {
  const state = new TableState('ip', plan);
  state.set('default/web', before);
  state.fullText();
  state.set('default/web', after);
  return (state.takeCommands() ?? 'needs a new table').split('\n').filter((line) => line !== '');
}

describe('what stands for a service', () => {
  test('a cluster address: one of N by number', () => {
    expect(text(items(['10.42.0.2', '10.42.0.3']))).toEqual([
      'cluster_ips 10.43.0.5',
      'services 10.43.0.5 . tcp . 80 : goto any_2',
      'endpoints 0 . 10.43.0.5 . tcp . 80 : 10.42.0.2 . 8080',
      'endpoints 1 . 10.43.0.5 . tcp . 80 : 10.42.0.3 . 8080',
      'hairpin 10.42.0.2 . 10.42.0.2',
      'hairpin 10.42.0.3 . 10.42.0.3',
    ]);
  });

  test('without endpoints it refuses; under policy Local without local ones it drops', () => {
    expect(text(items([]))).toContain('no_endpoints 10.43.0.5 . tcp . 80 : goto refuse');
    expect(text(items(['10.42.0.2'], { internalTrafficPolicy: 'Local' }))).toContain('no_endpoints 10.43.0.5 . tcp . 80 : drop');
    expect(text(items(['10.42.0.2', '10.42.0.3@node-1'], { internalTrafficPolicy: 'Local' }))).toContain(
      'endpoints 0 . 10.43.0.5 . tcp . 80 : 10.42.0.3 . 8080',
    );
  });

  test('node ports and external addresses hide the client, under policy Local they keep to this node', () => {
    const form = { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }], externalIPs: ['1.2.3.4'] };
    const cluster = text(items(['10.42.0.2'], form));
    expect(cluster).toEqual(expect.arrayContaining(['node_ports tcp . 30080 : goto np_1', 'services 1.2.3.4 . tcp . 80 : goto marked_1']));
    const local = text(items(['10.42.0.2', '10.42.0.3@node-1'], { ...form, externalTrafficPolicy: 'Local' }));
    expect(local).toEqual(
      expect.arrayContaining([
        'node_ports tcp . 30080 : goto nplocal_2_1',
        'np_local_endpoints 0 . tcp . 30080 : 10.42.0.3 . 8080',
        'services 1.2.3.4 . tcp . 80 : goto local_2_1',
        'services 10.43.0.5 . tcp . 80 : goto any_2',
      ]),
    );
    const none = text(items(['10.42.0.2'], { ...form, externalTrafficPolicy: 'Local' }));
    expect(none).toEqual(
      expect.arrayContaining([
        'no_np_endpoints tcp . 30080 : drop',
        'no_endpoints 1.2.3.4 . tcp . 80 : drop',
        'node_ports tcp . 30080 : goto nplocal_1_0',
      ]),
    );
  });

  test('affinity: a chain and a set of clients for each backend', () => {
    const sticky = items(['10.42.0.2', '10.42.0.3'], { sessionAffinity: 'ClientIP' });
    expect(text(sticky).filter((line) => /^(chain|set) /.test(line))).toEqual(['set ep', 'chain ep', 'set ep', 'chain ep', 'chain sa']);
    const choose = sticky.find((item) => item.kind === 'chain' && item.name.startsWith('sa_'));
    expect(choose).toMatchObject({
      rules: [
        expect.stringMatching(/^ip saddr @ep_\w+ goto ep_/),
        expect.anything(),
        expect.stringMatching(/^numgen random mod 2 vmap \{ 0 : goto ep_/),
      ],
    });
  });

  test('source ranges: a chain before everything else', () => {
    const form = { type: 'LoadBalancer', ingress: [{ ip: '2.2.2.2' }], loadBalancerSourceRanges: ['10.0.0.0/8'] };
    expect(text(items(['10.42.0.2'], form))).toEqual(
      expect.arrayContaining([expect.stringMatching(/^firewall 2\.2\.2\.2 \. tcp \. 80 : goto fw_/)]),
    );
  });
});

describe('changes', () => {
  test('nothing changed: nothing said', () => {
    expect(changed(items(['10.42.0.2']), items(['10.42.0.2']))).toEqual([]);
  });

  test('one endpoint replaced: one element deleted and added, and the hairpin entries', () => {
    expect(changed(items(['10.42.0.2']), items(['10.42.0.9']))).toEqual([
      `delete element ${table} endpoints { 0 . 10.43.0.5 . tcp . 80 }`,
      `delete element ${table} hairpin { 10.42.0.2 . 10.42.0.2 }`,
      `add element ${table} endpoints { 0 . 10.43.0.5 . tcp . 80 : 10.42.0.9 . 8080 }`,
      `add element ${table} hairpin { 10.42.0.9 . 10.42.0.9 }`,
    ]);
  });

  test('the first endpoint moves the service from refused to served', () => {
    expect(changed(items([]), items(['10.42.0.2']))).toEqual([
      `delete element ${table} no_endpoints { 10.43.0.5 . tcp . 80 }`,
      `add element ${table} services { 10.43.0.5 . tcp . 80 : goto any_1 }`,
      `add element ${table} endpoints { 0 . 10.43.0.5 . tcp . 80 : 10.42.0.2 . 8080 }`,
      `add element ${table} hairpin { 10.42.0.2 . 10.42.0.2 }`,
    ]);
  });

  test('chains are made before the elements that name them and deleted after those are gone', () => {
    const form = { type: 'NodePort', ports: [{ port: 80, nodePort: 30080 }] };
    const first = changed([], items(['10.42.0.2'], form));
    expect(first.findIndex((line) => line.startsWith(`add chain ${table} np_1`))).toBeLessThan(
      first.findIndex((line) => line.includes('node_ports {')),
    );
    const gone = changed(items(['10.42.0.2'], { sessionAffinity: 'ClientIP' }), []);
    const order = ['flush chain', 'delete element', 'delete chain', 'delete set'].map((verb) =>
      gone.findIndex((line) => line.startsWith(verb)),
    );
    expect(order).toEqual(order.toSorted((a, b) => a - b));
    expect(order).not.toContain(-1);
  });

  test('another affinity timeout is another set', () => {
    const sticky = (seconds: number): Item[] =>
      items(['10.42.0.2'], { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: seconds } } });
    const lines = changed(sticky(10), sticky(20));
    expect(lines.filter((line) => line.includes(' set '))).toEqual([
      expect.stringContaining('timeout 20s'),
      expect.stringMatching(/^delete set/),
    ]);
  });

  test('what two services share stays until both are gone; a disputed address stays with the first', () => {
    const state = new TableState('ip', plan);
    const own = (value: string): Item[] => [
      { kind: 'element', map: 'hairpin', key: 'a . a', value: '' },
      { kind: 'element', map: 'services', key: 'x', value },
    ];
    state.fullText();
    state.set('one', own('drop'));
    state.set('two', own('accept'));
    expect(state.takeCommands()).toBe(`add element ${table} hairpin { a . a }\nadd element ${table} services { x : drop }\n`);
    state.set('one', []);
    expect(state.takeCommands()).toBe(`delete element ${table} services { x }\nadd element ${table} services { x : accept }\n`);
    state.set('two', []);
    expect(state.takeCommands()).toBe(`delete element ${table} hairpin { a . a }\ndelete element ${table} services { x }\n`);
  });

  test('changes that cancel out are not sent', () => {
    const state = new TableState('ip', plan);
    state.fullText();
    state.set('web', items(['10.42.0.2']));
    state.set('web', []);
    expect(state.takeCommands()).toBe('');
  });

  test('other service CIDRs are in the next whole table, the same ones in another order are no change', () => {
    const state = new TableState('ip', plan);
    expect(state.setRanges({ serviceCIDRs: ['10.43.0.0/16', '10.43.0.0/16'], nodePodCIDRs: [] })).toBe(false);
    expect(state.setRanges({ serviceCIDRs: ['10.43.0.0/16', '10.99.0.0/24', 'fd43::/112'] })).toBe(true);
    expect(state.setRanges({ nodePodCIDRs: ['10.42.0.0/24'] })).toBe(true);
    expect(state.setRanges({ serviceCIDRs: ['fd43::/112', '10.99.0.0/24', '10.43.0.0/16'], nodePodCIDRs: ['10.42.0.0/24'] })).toBe(false);
    expect(state.fullText()).toContain('set node_pods { type ipv4_addr; flags interval; auto-merge; elements = { 10.42.0.0/24 }; }');
    expect(state.fullText()).toContain(
      'set service_cidrs { type ipv4_addr; flags interval; auto-merge; elements = { 10.43.0.0/16, 10.99.0.0/24 }; }',
    );
  });

  test('more endpoints than the table can choose among need a new table, which has room for twice as many', () => {
    const many = Array.from({ length: 17 }, (_, i) => `10.42.0.${i}`);
    expect(changed(items([]), items(many))).toEqual(['needs a new table']);
    const state = new TableState('ip', plan);
    state.set('web', items(many));
    expect(state.fullText()).toContain('chain any_32 {');
  });
});
