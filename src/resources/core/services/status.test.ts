import { expect, test } from '@jest/globals';
import type { Service } from '../../../api/generated/types.ts';
import { serviceWarnings, validateServiceStatus } from './status.ts';

const service = (spec: object, ingress: object[] = []): Service =>
  ({ metadata: { name: 's' }, spec, status: { loadBalancer: { ingress } } }) as unknown as Service;
const faults = (given: Service): string[] => validateServiceStatus(given, service({})).map(({ field, body }) => `${field}: ${body}`);

test('only load balancers report addresses, and whole ones', () => {
  expect(faults(service({ type: 'LoadBalancer' }, [{ ip: '1.2.3.4', ipMode: 'VIP' }, { hostname: 'a.b' }]))).toEqual([]);
  expect(faults(service({ type: 'ClusterIP' }, [{ ip: '1.2.3.4', ipMode: 'VIP' }]))).toEqual([
    "status.loadBalancer.ingress: Forbidden: may only be used when `spec.type` is 'LoadBalancer'",
  ]);
  expect(faults(service({ type: 'LoadBalancer' }, [{ ip: '1.2.3.4' }, { ipMode: 'VIP' }, { hostname: '1.2.3.4' }]))).toEqual([
    'status.loadBalancer.ingress[0].ipMode: Required value: must be specified when `ip` is set',
    'status.loadBalancer.ingress[1].ipMode: Forbidden: may not be specified when `ip` is not set',
    'status.loadBalancer.ingress[2].hostname: Invalid value: "1.2.3.4": must be a DNS name, not an IP address',
  ]);
});

test.each([
  [{ type: 'ClusterIP', clusterIP: '10.0.0.1' }, []],
  [
    { type: 'LoadBalancer', externalIPs: ['1.2.3.4'] },
    ['spec.externalIPs is deprecated and may no longer be implemented in some clusters'],
  ],
  [{ type: 'ExternalName', externalIPs: ['1.2.3.4'] }, ['spec.externalIPs is ignored when spec.type is "ExternalName"']],
  [
    { type: 'ClusterIP', clusterIP: 'None', sessionAffinity: 'ClientIP', externalIPs: ['1.2.3.4'] },
    ['spec.externalIPs is ignored for headless services', 'spec.SessionAffinity is ignored for headless services'],
  ],
])('warnings of %j', (spec, expected) => expect(serviceWarnings(service(spec))).toEqual(expected));
