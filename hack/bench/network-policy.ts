/** Network policies at scale, without a kernel: processor time for the whole table and for one pod's change, and how much nft gets to read. */
import { networkPolicy, pod } from '../../src/proxy/policy/testing/objects.ts';
import { podFacts } from '../../src/proxy/policy/pod-facts.ts';
import { PolicyModel } from '../../src/proxy/policy/policy-model.ts';
import { row } from './statistics.ts';

const namespaces = 100;
const local = 200;

function milliseconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

/** POLICIES policies in a hundred namespaces; each selects a tenth of its pods and lets in another tenth and one app of all namespaces. */
export function policyFigures(policies: number, pods: number): void {
  const model = new PolicyModel('bench0');
  const nodeName = 'n0';
  const podAt = (at: number, labels: Record<string, string>): Parameters<PolicyModel['setPod']> => {
    const parts = {
      node: at < local ? nodeName : 'n1',
      ips: [`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, `fd00::${at.toString(16)}`],
      labels,
      ports: { http: 80 },
    };
    return [`ns${at % namespaces}/p${at}`, podFacts(pod(`ns${at % namespaces}/p${at}`, parts), nodeName)];
  };
  const app = (at: number): string => `app${at % 10}`;
  const all = Array.from({ length: pods }, (_, at) => podAt(at, { app: app(Math.trunc(at / namespaces)), pod: String(at) }));
  const specs = Array.from({ length: policies }, (_, at) => {
    const from = [
      { podSelector: { matchLabels: { app: app(at + 1) } } },
      { namespaceSelector: {}, podSelector: { matchLabels: { app: app(at + 2) } } },
    ];
    return networkPolicy(`ns${at % namespaces}/policy${at}`, {
      podSelector: { matchLabels: { app: app(Math.trunc(at / namespaces)) } },
      ingress: [{ from, ports: [{ port: 'http' }, { port: 8080 }] }],
    });
  });
  let text = '';
  const first = milliseconds(() => {
    for (let at = 0; at < namespaces; at++) model.setNamespace(`ns${at}`, {});
    for (const policy of specs) model.setPolicy(`${policy.metadata.namespace}/${policy.metadata.name}`, policy);
    for (const one of all) model.setPod(...one);
    text = model.table.fullText();
  });
  row(`${policies} policies, ${pods} pods: all rules`, `${first.toFixed(0)} ms of processor, ${(text.length / 1e6).toFixed(1)} MB of nft`);
  const count = 1000;
  let bytes = 0;
  const moved = Array.from({ length: count }, (_, at) => podAt(local + at, { app: app(at + 5), pod: 'changed' }));
  const change = milliseconds(() => {
    for (const one of moved) {
      model.setPod(...one);
      bytes += model.table.takeCommands().length;
    }
  });
  row('one pod changes its labels', `${((change / count) * 1000).toFixed(0)} us of processor, ${(bytes / count).toFixed(0)} bytes of nft`);
}
