/** Variables that tell a container where the Services of its namespace are; pure. pkg/kubelet/envvars. */
import type { Service } from '../../api/generated/types.ts';

function variable(name: string): string {
  return name.toUpperCase().replaceAll('-', '_');
}

function hostPort(ip: string, port: number): string {
  return ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`;
}

function hasIP(service: Service): boolean {
  const ip = service.spec.clusterIP ?? '';
  return ip !== '' && ip !== 'None';
}

/** `links` is the pod's enableServiceLinks; the API server's own Service is always there. */
export function serviceEnv(services: Iterable<Service>, namespace: string, links: boolean): Map<string, string> {
  const chosen = new Map<string, Service>();
  for (const service of services) {
    if (!hasIP(service)) continue;
    const { name, namespace: home } = service.metadata;
    const isMaster = home === 'default' && name === 'kubernetes';
    if (home === namespace && links) chosen.set(name, service);
    else if (isMaster && !chosen.has(name)) chosen.set(name, service);
  }
  const env = new Map<string, string>();
  for (const service of chosen.values()) addService(env, service);
  return env;
}

function addService(env: Map<string, string>, service: Service): void {
  const prefix = variable(service.metadata.name);
  const ip = service.spec.clusterIP ?? '';
  const ports = service.spec.ports ?? [];
  env.set(`${prefix}_SERVICE_HOST`, ip);
  env.set(`${prefix}_SERVICE_PORT`, String(ports[0]?.port ?? ''));
  for (const port of ports) if ((port.name ?? '') !== '') env.set(`${prefix}_SERVICE_PORT_${variable(port.name ?? '')}`, String(port.port));
  ports.forEach(({ port, protocol = 'TCP' }, at) => {
    const lower = protocol.toLowerCase();
    const url = `${lower}://${hostPort(ip, port)}`;
    const link = `${prefix}_PORT_${port}_${protocol.toUpperCase()}`;
    if (at === 0) env.set(`${prefix}_PORT`, url);
    env.set(link, url);
    env.set(`${link}_PROTO`, lower);
    env.set(`${link}_PORT`, String(port));
    env.set(`${link}_ADDR`, ip);
  });
}
