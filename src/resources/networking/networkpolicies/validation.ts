/** ValidateNetworkPolicySpec of pkg/apis/networking/validation. */
import type { NetworkPolicy } from '../../../api/generated/types.ts';
import { forbiddenField, invalid, notSupported, path, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { cidrContains, legacyCidrFaults, parseCidr } from '../../../api/ip.ts';
import { portNumberFaults } from '../../../api/names.ts';
import { portOrNameErrors } from '../../shared/names.ts';
import { labelSelectorErrors } from '../../shared/selector-validation.ts';

type Spec = NonNullable<NetworkPolicy['spec']>;
type Port = NonNullable<NonNullable<Spec['ingress']>[number]['ports']>[number];
type Peer = NonNullable<NonNullable<Spec['ingress']>[number]['from']>[number];

const protocols = ['TCP', 'UDP', 'SCTP'];

export function validateNetworkPolicy({ spec }: NetworkPolicy): FieldError[] {
  const at = path('spec');
  const { ingress = [], egress = [], policyTypes = [] } = spec ?? {};
  const types = at.child('policyTypes');
  return [
    ...labelSelectorErrors(spec?.podSelector, at.child('podSelector')),
    ...ingress.flatMap(({ ports = [], from = [] }, index) =>
      ruleErrors(ports, from, { at: at.child('ingress').index(index), peers: 'from' }),
    ),
    ...egress.flatMap(({ ports = [], to = [] }, index) => ruleErrors(ports, to, { at: at.child('egress').index(index), peers: 'to' })),
    ...(policyTypes.length > 2
      ? [invalid(types, policyTypes, 'may not specify more than two policyTypes')]
      : policyTypes.flatMap((type, index) =>
          type === 'Ingress' || type === 'Egress' ? [] : [notSupported(types.index(index), type, ['Ingress', 'Egress'])],
        )),
  ];
}

function ruleErrors(ports: readonly Port[], peers: readonly Peer[], where: { at: Path; peers: string }): FieldError[] {
  return [
    ...ports.flatMap((port, index) => portErrors(port, where.at.child('ports').index(index))),
    ...peers.flatMap((peer, index) => peerErrors(peer, where.at.child(where.peers).index(index))),
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

function peerErrors({ podSelector, namespaceSelector, ipBlock }: Peer, at: Path): FieldError[] {
  const faults = [
    ...labelSelectorErrors(podSelector, at.child('podSelector')),
    ...labelSelectorErrors(namespaceSelector, at.child('namespaceSelector')),
  ];
  const selectors = Number(podSelector !== undefined) + Number(namespaceSelector !== undefined);
  if (ipBlock !== undefined) faults.push(...blockErrors(ipBlock, at.child('ipBlock')));
  if (selectors === 0 && ipBlock === undefined) faults.push(required(at, 'must specify a peer'));
  if (selectors > 0 && ipBlock !== undefined) faults.push(forbiddenField(at, 'may not specify both ipBlock and another peer'));
  return faults;
}

function blockErrors({ cidr = '', except = [] }: NonNullable<Peer['ipBlock']>, at: Path): FieldError[] {
  if (cidr === '') return [required(at.child('cidr'))];
  const faults = legacyCidrFaults(at.child('cidr'), cidr);
  const whole = parseCidr(cidr);
  if (faults.length > 0 || whole === undefined) return faults;
  return except.flatMap((text, index) => {
    const own = at.child('except').index(index);
    const part = parseCidr(text);
    const wrong = legacyCidrFaults(own, text);
    if (wrong.length > 0 || part === undefined) return wrong;
    return cidrContains(whole, part.address) && part.bits > whole.bits ? [] : [invalid(own, text, `must be a strict subset of \`cidr\``)];
  });
}
