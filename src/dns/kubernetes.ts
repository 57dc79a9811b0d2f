/** Answers for the cluster's domain and for the addresses of its services and pods, straight from the informers' caches. */
import type { EndpointSlice, Namespace, Service } from '../api/generated/types.ts';
import type { Informer } from '../client/informer.ts';
import { indexers, joinKey } from '../client/informer-store.ts';
import { canonicalIP, contains, reverseAddress } from './addresses.ts';
import type { Answer, Handler, Request } from './handler.ts';
import { emptyReply } from './handler.ts';
import type { ClusterView, ZoneOptions } from './records.ts';
import { lookup, reverseLookup, soaRecord, ttl } from './records.ts';
import type { DnsRecord, Reply } from './wire.ts';
import { rcodes, readName, readRecords, types } from './wire.ts';

const serviceNameLabel = 'kubernetes.io/service-name';

export interface ClusterInformers {
  readonly services: Informer<Service>;
  readonly slices: Informer<EndpointSlice>;
  readonly namespaces: Informer<Namespace>;
}

/** A live view; adds the indexes it needs. */
export function clusterView({ services, slices, namespaces }: ClusterInformers): ClusterView {
  const byService = `label:${serviceNameLabel}`;
  slices.addIndexer(byService, indexers.label(serviceNameLabel));
  slices.addIndexer('dns-address', (slice) => (slice.endpoints ?? []).flatMap((endpoint) => endpoint.addresses.map(canonicalIP)));
  services.addIndexer('dns-address', (service) => (service.spec.clusterIPs ?? []).filter((ip) => ip !== 'None').map(canonicalIP));
  return {
    service: (namespace, name) => services.store.get(joinKey(namespace, name)),
    slices: (namespace, name) => slices.store.byIndex(byService, joinKey(namespace, name)),
    hasNamespace: (name) => namespaces.store.get(name) !== undefined,
    servicesByIP: (ip) => services.store.byIndex('dns-address', ip),
    slicesByIP: (ip) => slices.store.byIndex('dns-address', ip),
  };
}

export interface KubernetesOptions extends ZoneOptions {
  /** Addresses that are asked about nowhere else: those of services and pods. */
  readonly ownCIDRs: readonly string[];
  /** Until the caches are full, the cluster's names cannot be denied. */
  hasSynced(): boolean;
}

export function kubernetesHandler(view: ClusterView, options: KubernetesOptions, next: Handler): Handler {
  const suffix = `.${options.domain}`;
  let turn = 0;
  const negative = (rcode: number): Reply => ({ ...emptyReply(rcode, true), authorities: [soaRecord(options)] });
  const positive = (answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = []): Reply => ({
    ...emptyReply(rcodes.NOERROR, true),
    answers,
    additionals,
  });

  const inZone = (request: Request): Answer | Promise<Answer> => {
    const { question } = request.query;
    const found = lookup(view, options, question);
    switch (found.kind) {
      case 'records':
        return positive(rotate(found.answers, turn++), found.additionals);
      case 'alias':
        return alias(found.target, request, next).then((answers) => positive(answers));
      case 'nodata':
        return negative(rcodes.NOERROR);
      case 'nxdomain':
        return negative(rcodes.NXDOMAIN);
    }
  };

  return (request) => {
    const { name, type } = request.query.question;
    if (name === options.domain || name.endsWith(suffix)) return options.hasSynced() ? inZone(request) : emptyReply(rcodes.SERVFAIL);
    if (!name.endsWith('.arpa')) return next(request);
    const ip = reverseAddress(name);
    if (ip === undefined) return next(request);
    const pointers = reverseLookup(view, options, ip);
    if (pointers.length > 0) return type === types.PTR ? positive(pointers) : negative(rcodes.NOERROR);
    return contains(options.ownCIDRs, ip) ? negative(rcodes.NXDOMAIN) : next(request);
  };
}

/** Spreads clients that take the first answer. */
function rotate(answers: readonly DnsRecord[], turn: number): readonly DnsRecord[] {
  if (answers.length < 2) return answers;
  const start = turn % answers.length;
  return [...answers.slice(start), ...answers.slice(0, start)];
}

/** A CNAME and, for questions about addresses, what its target has; a target that does not answer leaves the CNAME alone. */
async function alias(target: string, request: Request, next: Handler): Promise<DnsRecord[]> {
  const cname: DnsRecord = { ttl, data: { type: types.CNAME, target } };
  const { type } = request.query.question;
  if (type !== types.A && type !== types.AAAA) return [cname];
  const question = askFor(target, type);
  try {
    const answer = await next({ tcp: request.tcp, query: question });
    return [
      cname,
      ...('message' in answer ? recordsOf(answer.message, type) : answer.answers.map((record) => ({ name: target, ...record }))),
    ];
  } catch {
    return [cname];
  }
}

/** A question of our own, as if a client had sent it. */
function askFor(name: string, type: number): Request['query'] {
  const labels = name.split('.').map((label) => Buffer.concat([Buffer.from([label.length & 0x3f]), Buffer.from(label, 'latin1')]));
  const tail = Buffer.alloc(5);
  tail.writeUInt16BE(type, 1);
  tail.writeUInt16BE(1, 3);
  const bytes = Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), ...labels, tail]);
  return {
    id: 0,
    opcode: 0,
    recursionDesired: true,
    checkingDisabled: false,
    question: { name, type, class: 1 },
    edns: undefined,
    bytes,
    questionEnd: bytes.length,
  };
}

/** The address records of one type and the aliases in a message. */
function recordsOf(message: Buffer, type: number): DnsRecord[] {
  const found: DnsRecord[] = [];
  let at = readName(message, 12).end + 4;
  for (const place of readRecords(message, at)) {
    const { name } = readName(message, at);
    at = place.dataAt + place.dataLength;
    if (place.section !== 'answer') continue;
    const lifetime = Math.min(ttl * 6, message.readUInt32BE(place.ttlAt));
    if (place.type === types.CNAME)
      found.push({ name, ttl: lifetime, data: { type: types.CNAME, target: readName(message, place.dataAt).name } });
    else if (place.type === type && (type === types.A || type === types.AAAA)) {
      found.push({ name, ttl: lifetime, data: { type, address: message.subarray(place.dataAt, at) } });
    }
  }
  return found;
}
