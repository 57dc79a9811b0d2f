/** ValidateNetworkPolicySpec of pkg/apis/networking/validation. */
import type { NetworkPolicy } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { cidrContains, cidrWarnings, legacyCidrFaults, parseCidr } from '../../../api/ip.ts';
import { portNumberFaults } from '../../../api/names.ts';
import { portOrNameErrors } from '../../shared/names.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';

type Spec = NonNullable<NetworkPolicy['spec']>;
type Port = NonNullable<NonNullable<Spec['ingress']>[number]['ports']>[number];
type Peer = NonNullable<NonNullable<Spec['ingress']>[number]['from']>[number];

const protocols = ['TCP', 'UDP', 'SCTP'];

/** Networks that are there already pass as they are. */
export function validateNetworkPolicyUpdate(policy: NetworkPolicy, old: NetworkPolicy): FieldError[] {
  return validateNetworkPolicy(
    policy,
    blocksOf(old).flatMap(({ block: { cidr, except = [] } }) => [cidr, ...except]),
  );
}

export function networkPolicyWarnings(policy: NetworkPolicy): string[] {
  return blocksOf(policy).flatMap(({ block: { cidr, except = [] }, at }) => [
    ...cidrWarnings(at.child('cidr'), cidr),
    ...except.flatMap((text, index) => cidrWarnings(at.child('except').index(index), text)),
  ]);
}

function blocksOf({ spec }: NetworkPolicy): { block: NonNullable<Peer['ipBlock']>; at: Path }[] {
  const { ingress = [], egress = [] } = spec ?? {};
  const of = (peers: readonly Peer[] | undefined, at: Path): { block: NonNullable<Peer['ipBlock']>; at: Path }[] =>
    (peers ?? []).flatMap(({ ipBlock }, index) =>
      ipBlock === undefined ? [] : [{ block: ipBlock, at: at.index(index).child('ipBlock') }],
    );
  return [
    ...ingress.flatMap(({ from }, index) => of(from, path('spec', 'ingress').index(index).child('from'))),
    ...egress.flatMap(({ to }, index) => of(to, path('spec', 'egress').index(index).child('to'))),
  ];
}

export function validateNetworkPolicy({ spec }: NetworkPolicy, known: readonly string[] = []): FieldError[] {
  const at = path('spec');
  const { ingress = [], egress = [], policyTypes = [] } = spec ?? {};
  const types = at.child('policyTypes');
  return [
    ...labelSelectorErrors(spec?.podSelector, at.child('podSelector')),
    ...ingress.flatMap(({ ports = [], from = [] }, index) =>
      ruleErrors(ports, from, { at: at.child('ingress').index(index), peers: 'from', known }),
    ),
    ...egress.flatMap(({ ports = [], to = [] }, index) =>
      ruleErrors(ports, to, { at: at.child('egress').index(index), peers: 'to', known }),
    ),
    ...(policyTypes.length > 2
      ? [invalid(types, policyTypes, 'may not specify more than two policyTypes')]
      : policyTypes.flatMap((type, index) =>
          type === 'Ingress' || type === 'Egress' ? [] : [notSupported(types.index(index), type, ['Ingress', 'Egress'])],
        )),
  ];
}

interface Where {
  readonly at: Path;
  readonly peers: string;
  readonly known: readonly string[];
}

function ruleErrors(ports: readonly Port[], peers: readonly Peer[], where: Where): FieldError[] {
  return [
    ...ports.flatMap((port, index) => portErrors(port, where.at.child('ports').index(index))),
    ...peers.flatMap((peer, index) => peerErrors(peer, where.at.child(where.peers).index(index), where.known)),
  ];
}

function portErrors({ protocol, port, endPort }: Port, at: Path): FieldError[] {
  const faults: FieldError[] = [];
  if (protocol !== undefined && !protocols.includes(protocol)) faults.push(notSupported(at.child('protocol'), protocol, protocols));
  if (port === undefined)
    return endPort === undefined
      ? faults
      : [...faults, invalid(at.child('endPort'), endPort, 'may not be specified when `port` is not specified')];
  if (typeof port === 'string' && endPort !== undefined)
    faults.push(invalid(at.child('endPort'), endPort, 'may not be specified when `port` is non-numeric'));
  faults.push(...portOrNameErrors(at.child('port'), port));
  if (endPort === undefined || typeof port === 'string') return faults;
  if (endPort < port) faults.push(invalid(at.child('endPort'), port, 'must be greater than or equal to `port`'));
  return [...faults, ...portNumberFaults(endPort).map((fault) => invalid(at.child('endPort'), endPort, fault))];
}

function peerErrors({ podSelector, namespaceSelector, ipBlock }: Peer, at: Path, known: readonly string[]): FieldError[] {
  const faults = [
    ...labelSelectorErrors(podSelector, at.child('podSelector')),
    ...labelSelectorErrors(namespaceSelector, at.child('namespaceSelector')),
  ];
  const selectors = Number(podSelector !== undefined) + Number(namespaceSelector !== undefined);
  if (ipBlock !== undefined) faults.push(...blockErrors(ipBlock, at.child('ipBlock'), known));
  if (selectors === 0 && ipBlock === undefined) faults.push(required(at, 'must specify a peer'));
  if (selectors > 0 && ipBlock !== undefined) faults.push(forbiddenField(at, 'may not specify both ipBlock and another peer'));
  return faults;
}

function blockErrors({ cidr = '', except = [] }: NonNullable<Peer['ipBlock']>, at: Path, known: readonly string[]): FieldError[] {
  if (cidr === '') return [required(at.child('cidr'))];
  const faults = legacyCidrFaults(at.child('cidr'), cidr, known);
  const whole = parseCidr(cidr);
  if (whole === undefined) return faults;
  const ofExcept = except.flatMap((text, index) => {
    const own = at.child('except').index(index);
    const part = parseCidr(text);
    const wrong = legacyCidrFaults(own, text, known);
    if (part === undefined) return wrong;
    const inside = cidrContains(whole, part.address) && part.bits > whole.bits;
    return inside ? wrong : [...wrong, invalid(own, text, 'must be a strict subset of `cidr`')];
  });
  return [...faults, ...ofExcept];
}
