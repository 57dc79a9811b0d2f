/** Answers by the extra hosts, zones and rewrites of the configuration; everything else goes on to the next handler. */
import { addressBytes, reverseAddress } from './addresses.ts';
import type { DnsConfig, ZoneConfig } from './corefile.ts';
import { rewritten } from './corefile.ts';
import type { Answer, Handler, Request } from './handler.ts';
import { emptyReply } from './handler.ts';
import { askFor, recordsOf } from './own-question.ts';
import type { DnsRecord, Reply } from './wire.ts';
import { rcodes, types } from './wire.ts';

export interface ZonesOptions {
  readonly config: () => DnsConfig;
  /** Asks the servers of a zone; the same one for a zone as long as its configuration is the same. */
  readonly forwarderOf: (zone: ZoneConfig) => Handler;
}

export function zonesHandler({ config, forwarderOf }: ZonesOptions, next: Handler): Handler {
  return (request) => {
    const { zones } = config();
    if (zones.length === 0) return next(request);
    const zone = zoneOf(request.query.question.name, zones);
    if (zone === undefined) return next(request);
    const target = rewritten(request.query.question.name, zone.rewrites);
    if (target !== undefined && target !== request.query.question.name) return renamed(request, target, next);
    const found = fromHosts(request, zone);
    if (found !== undefined) return found;
    // Other servers for everything (`forward .` of an override) are asked after the cluster: see outerHandler.
    if (zone.zone === '') return next(request);
    return zone.upstreams.length > 0 ? forwarderOf(zone)(request) : emptyReply(rcodes.REFUSED);
  };
}

/** What comes last: the servers that the configuration names for everything, or else `next`. */
export function outerHandler({ config, forwarderOf }: ZonesOptions, next: Handler): Handler {
  return (request) => {
    const outer = config().zones.find((zone) => zone.zone === '' && zone.upstreams.length > 0);
    return outer === undefined ? next(request) : forwarderOf(outer)(request);
  };
}

/** The zone with the longest name that the question's is in. */
function zoneOf(name: string, zones: readonly ZoneConfig[]): ZoneConfig | undefined {
  let best: ZoneConfig | undefined;
  for (const zone of zones) {
    const fits = zone.zone === '' || name === zone.zone || name.endsWith(`.${zone.zone}`);
    if (fits && (best === undefined || zone.zone.length > best.zone.length)) best = zone;
  }
  return best;
}

function fromHosts({ query }: Request, zone: ZoneConfig): Reply | undefined {
  if (zone.hosts.size === 0) return undefined;
  const { name, type } = query.question;
  const reply = (answers: readonly DnsRecord[]): Reply => ({ ...emptyReply(rcodes.NOERROR, true), answers, rotates: true });
  const reversed = type === types.PTR ? reverseAddress(name) : undefined;
  if (reversed !== undefined) {
    const names = [...zone.hosts].filter(([, ips]) => ips.includes(reversed)).map(([host]) => host);
    if (names.length > 0) return reply(names.map((target) => ({ ttl: zone.hostsTTL, data: { type: types.PTR, target } })));
  }
  const ips = zone.hosts.get(name);
  if (ips === undefined) return zone.fallthrough ? undefined : emptyReply(rcodes.NXDOMAIN, true);
  const wanted = type === types.A ? 4 : type === types.AAAA ? 16 : 0;
  return reply(
    ips.flatMap((ip) => {
      const address = addressBytes(ip);
      return address?.length === wanted ? [{ ttl: zone.hostsTTL, data: { type: type === types.A ? types.A : types.AAAA, address } }] : [];
    }),
  );
}

/** The answer for another name, under the name that was asked for. */
async function renamed(request: Request, target: string, next: Handler): Promise<Answer> {
  const { type } = request.query.question;
  const answer = await next({ tcp: request.tcp, query: askFor(target, type) });
  if (!('message' in answer)) return { ...answer, authorities: [] };
  const answers = recordsOf(answer.message, type).map(({ name, ...record }): DnsRecord =>
    name === target || name === undefined ? record : { name, ...record },
  );
  return { ...emptyReply((answer.message[3] ?? 0) & 0xf), answers };
}
