/** What clients seldom ask: odd paths, conditions and ranges, names nobody has, methods nobody uses. */
import { type Case, get, post, remove, type Step } from '../case.ts';

const one = (name: string, ...steps: Step[]): Case => ({ name, steps });
const version = '/openapi/v3/version';
const asking = (header: string, value: string): Step => get(version, { headers: { [header]: value } });

export function edgeCases(): readonly Case[] {
  return [
    one(
      'edges/paths',
      ...['/apis//', '/apis///', '/apis//v1/pods', '/openapi/v2/', '/openapi/v3/', '/openapi/v3/version/', '/openapi/v3/nothing'].map(
        (path) => get(path),
      ),
      get('/api/v1/proxy/nodes/x'),
    ),
    one('edges/heads', ...['/api/v1', '/apis/apps/v1', '/version', '/apis/apps'].map((path): Step => ({ method: 'HEAD', path }))),
    one(
      'edges/places',
      get('/api/v1/bindings'),
      post('/apis/authorization.k8s.io/v1/localsubjectaccessreviews', {}),
      get('/api/v1/namespaces/{ns}/namespaces'),
      get('/api/v1/namespaces/{ns}/namespaces/{ns}'),
      remove('/api/v1/namespaces/{ns}/namespaces/{ns}'),
      get('/api/v1/namespaces/{ns}/nodes'),
      get('/api/v1/namespaces/../namespaces/{ns}'),
    ),
    one(
      'edges/names',
      get('/api/v1/namespaces/{ns}/configmaps/a%00'),
      get('/api/v1/namespaces/{ns}/configmaps/%E2%80%A8'),
      get('/api/v1/namespaces/{ns}/configmaps?limit=99999999999999999999'),
      get('/api/v1/namespaces/{ns}/configmaps?timeoutSeconds=-9223372036854775809'),
    ),
    one(
      'edges/conditions of documents',
      asking('range', 'bytes=0-9'),
      asking('range', 'bytes=-9'),
      asking('range', 'bytes=99999999-'),
      asking('range', 'lines=0-9'),
      asking('if-match', '"x"'),
      asking('if-none-match', '*'),
      asking('if-modified-since', 'Sun, 06 Nov 2094 08:49:37 GMT'),
      asking('if-unmodified-since', 'Sun, 06 Nov 1994 08:49:37 GMT'),
    ),
    one('edges/shared parameters', get('/openapi/v2', { mask: ['paths', 'definitions'] })),
  ];
}
