import { describe, expect, test } from '@jest/globals';
import type { PodSpec } from '../../../api/generated/types.ts';
import { path } from '../../../api/field-errors.ts';
import { podWarnings, templateWarnings } from './warnings.ts';

const warnings = (spec: Partial<PodSpec>, annotations: Record<string, string> = {}): string[] =>
  podWarnings({ metadata: { annotations }, spec: { containers: [], ...spec } });
const container = (rest: object): PodSpec['containers'][number] => ({ name: 'c', image: 'i', ...rest });

describe('warnings about pods', () => {
  test.each<[string, Partial<PodSpec>, string[]]>([
    ['nothing', {}, []],
    [
      'old node labels',
      { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } },
      ['spec.nodeSelector[beta.kubernetes.io/os]: deprecated since v1.14; use "kubernetes.io/os" instead'],
    ],
    ['hosts named twice', { hostAliases: [{ ip: '1.2.3.4' }, { ip: '1.2.3.4' }] }, ['spec.hostAliases[1].ip: duplicate ip "1.2.3.4"']],
    [
      'variables that hide others',
      { containers: [container({ env: [{ name: 'A' }, { name: 'A', value: '$(A):x' }, { name: 'A', value: 'y' }] })] },
      ['spec.containers[0].env[2]: hides previous definition of "A", which may be dropped when using apply'],
    ],
    [
      'ports that clash',
      { containers: [container({ ports: [{ containerPort: 1 }, { containerPort: 1, hostPort: 1 }] })] },
      ['spec.containers[0].ports[1]: overlapping port definition with spec.containers[0].ports[0]'],
    ],
    [
      'fractions of bytes',
      { containers: [container({ resources: { limits: { memory: '100m' } } })] },
      ['spec.containers[0].resources.limits[memory]: fractional byte value "100m" is invalid, must be an integer'],
    ],
    [
      'files in each other',
      {
        volumes: [
          {
            name: 'v',
            configMap: {
              name: 'm',
              items: [
                { key: 'a', path: 'x' },
                { key: 'b', path: 'x/y' },
              ],
            },
          },
        ],
      },
      ['volume "v" (ConfigMap "m"): overlapping paths: "x/y" with "x"'],
    ],
    [
      'addresses in strange form',
      { hostAliases: [{ ip: 'FD00::1' }] },
      ['spec.hostAliases[0].ip: IPv6 address "FD00::1" should be in RFC 5952 canonical format ("fd00::1")'],
    ],
  ])('%s', (_, spec, expected) => expect(warnings(spec)).toEqual(expected));

  test('annotations that do nothing', () =>
    expect(warnings({}, { 'security.alpha.kubernetes.io/sysctls': 'x' })).toEqual([
      'metadata.annotations[security.alpha.kubernetes.io/sysctls]: non-functional in v1.11+; use the "sysctls" field instead',
    ]));

  test('in a template they name its path', () =>
    expect(templateWarnings({ spec: { containers: [], terminationGracePeriodSeconds: -1 } }, path('spec', 'template'))).toEqual([
      'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ]));
});
