/** Answers for the cluster's domain and for the addresses of its services and pods, straight from the informers' caches. */
import type { EndpointSlice, Namespace, Service } from '../api/generated/types.ts';
import type { Informer } from '../client/informer.ts';
import { indexers, joinKey } from '../client/informer-store.ts';
import { canonicalIP, contains, reverseAddress } from './addresses.ts';
import type { Answer, Handler, Request } from './handler.ts';
import { emptyReply } from './handler.ts';
import { askFor, recordsOf } from './own-question.ts';
import type { ClusterView, ZoneOptions } from './records.ts';
import { lookup, reverseLookup, soaRecord, ttl } from './records.ts';
import type { DnsRecord, Reply } from './wire.ts';
import { rcodes, types } from './wire.ts';

/** How many external names may lead from one to the next. */
const longestChain = 8;
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
  const negative = (rcode: number): Reply => ({ ...emptyReply(rcode, true), authorities: [soaRecord(options)] });
  const positive = (answers: readonly DnsRecord[], additionals: readonly DnsRecord[] = [], rotates = false): Reply => ({
    ...emptyReply(rcodes.NOERROR, true),
    answers,
    additionals,
    rotates,
  });

  const inZone = (request: Request, depth = 0): Answer | Promise<Answer> => {
    const { question } = request.query;
    const found = lookup(view, options, question);
    switch (found.kind) {
      case 'records':
        return positive(found.answers, found.additionals, true);
      case 'alias':
        return alias(found.target, request, (aliased) => answerTo(aliased, depth + 1)).then((answers) => positive(answers));
      case 'nodata':
        return negative(rcodes.NOERROR);
      case 'nxdomain':
        return negative(rcodes.NXDOMAIN);
    }
  };

  const answerTo = (request: Request, depth: number): Answer | Promise<Answer> => {
    const { name, type } = request.query.question;
    // Names that stand for each other in a circle.
    if (depth > longestChain) return emptyReply(rcodes.SERVFAIL);
    if (name === options.domain || name.endsWith(suffix)) return options.hasSynced() ? inZone(request, depth) : emptyReply(rcodes.SERVFAIL);
    if (!name.endsWith('.arpa')) return next(request);
    const ip = reverseAddress(name);
    if (ip === undefined) return next(request);
    const pointers = reverseLookup(view, options, ip);
    if (pointers.length > 0) return type === types.PTR ? positive(pointers) : negative(rcodes.NOERROR);
    return contains(options.ownCIDRs, ip) ? negative(rcodes.NXDOMAIN) : next(request);
  };
  return (request) => answerTo(request, 0);
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
