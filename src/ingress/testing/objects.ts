/** Objects as the API server hands them out, reduced to what the Ingress controller looks at. */
import type { EndpointSlice, Ingress, IngressClass, Secret, Service } from '../../api/generated/types.ts';
import { deepFreeze } from '../../api/object.ts';

function metadata(key: string): { namespace: string; name: string; uid: string } {
  const [namespace = '', name = ''] = key.split('/');
  return { namespace, name, uid: key };
}

/** HOST, PATH, SERVICE:PORT and maybe the path type (Prefix when missing). */
export type RuleForm = readonly [host: string, path: string, backend: string, pathType?: string];

export interface IngressForm {
  readonly rules?: readonly RuleForm[];
  /** SERVICE:PORT */
  readonly defaultBackend?: string;
  readonly created?: string;
  readonly className?: string | null;
  readonly annotations?: Record<string, string>;
  readonly tls?: readonly { hosts?: string[]; secretName?: string }[];
}

function backend(text: string): { service: { name: string; port: { name: string } | { number: number } } } {
  const [name = '', port = ''] = text.split(':');
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } };
}

/** `key` is `namespace/name`. */
export function ingress(
  key: string,
  { rules = [], defaultBackend, created = '', className = 'coracle', annotations, tls }: IngressForm,
): Ingress {
  return deepFreeze({
    metadata: { ...metadata(key), creationTimestamp: created, ...(annotations === undefined ? {} : { annotations }) },
    spec: {
      ...(className === null ? {} : { ingressClassName: className }),
      ...(defaultBackend === undefined ? {} : { defaultBackend: backend(defaultBackend) }),
      ...(tls === undefined ? {} : { tls }),
      rules: rules.map(([host, path, service, pathType = 'Prefix']) => ({
        ...(host === '' ? {} : { host }),
        http: { paths: [{ path, pathType, backend: backend(service) }] },
      })),
    },
  }) as unknown as Ingress;
}

export function ingressClass(name: string, controller = 'coracle.io/ingress'): IngressClass {
  return deepFreeze({ metadata: { name, uid: name }, spec: { controller } }) as unknown as IngressClass;
}

export function service(key: string, ports: readonly { name?: string; port: number }[], spec: object = {}): Service {
  return deepFreeze({ metadata: metadata(key), spec: { ports, ipFamilies: ['IPv4'], ...spec } }) as unknown as Service;
}

export interface EndpointForm {
  readonly ip: string;
  readonly ready?: boolean;
  readonly serving?: boolean;
  readonly terminating?: boolean;
}

/** A slice of the Service `key`. */
export function slice(
  key: string,
  endpoints: readonly EndpointForm[],
  ports: readonly { name?: string; port: number }[],
  addressType = 'IPv4',
): EndpointSlice {
  const { namespace, name } = metadata(key);
  return deepFreeze({
    metadata: { namespace, name: `${name}-${addressType}`, uid: `${key}-${addressType}`, labels: { 'kubernetes.io/service-name': name } },
    addressType,
    endpoints: endpoints.map(({ ip, ...conditions }) => ({ addresses: [ip], conditions })),
    ports: ports.map((port) => ({ name: '', protocol: 'TCP', ...port })),
  }) as unknown as EndpointSlice;
}

export function tlsSecret(key: string, { cert, key: pem }: { readonly cert: string; readonly key: string }): Secret {
  const encode = (text: string): string => Buffer.from(text).toString('base64');
  return deepFreeze({
    metadata: metadata(key),
    type: 'kubernetes.io/tls',
    data: { 'tls.crt': encode(cert), 'tls.key': encode(pem) },
  }) as unknown as Secret;
}
