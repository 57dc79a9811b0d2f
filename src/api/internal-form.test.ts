import { describe, expect, test } from '@jest/globals';
import { inGoOrder, internalDiff, internalForm } from './internal-form.ts';

const shown = (type: string, value: object): string => JSON.stringify(internalForm(type, value));

describe("upstream's internal form", () => {
  test('has the fields of Go, in order, with what is empty', () =>
    expect(shown('core.ServicePort', { targetPort: 'http', port: 80 })).toBe(
      '{"Name":"","Protocol":"","AppProtocol":null,"Port":80,"TargetPort":"http","NodePort":0}',
    ));

  test('finds what the API keeps elsewhere', () => {
    const { SecurityContext } = internalForm('core.PodSpec', { hostNetwork: true, containers: [] }) as { SecurityContext: object };
    expect(SecurityContext).toMatchObject({ HostNetwork: true, HostPID: false, RunAsUser: null });
  });

  test('takes in embedded structs and sorts maps', () =>
    expect(shown('core.PersistentVolumeClaimTemplate', { metadata: { labels: { b: '1', a: '2' } }, spec: { accessModes: ['x'] } })).toMatch(
      /^\{"labels":\{"a":"2","b":"1"\},"Spec":\{"AccessModes":\["x"\],"Selector":null,"Resources":\{"Limits":null,"Requests":null\}/,
    ));

  test('as a diff of indented JSON', () =>
    expect(internalDiff('core.ServicePort', { port: 1 }, { port: 2 })).toContain('\n- "Port": 1,\n+ "Port": 2,\n'));

  test('selectors have their fields in order', () =>
    expect(JSON.stringify(inGoOrder({ matchExpressions: [{ operator: 'Exists', key: 'k' }], matchLabels: { b: '', a: '' } }))).toBe(
      '{"matchLabels":{"a":"","b":""},"matchExpressions":[{"key":"k","operator":"Exists"}]}',
    ));
});
