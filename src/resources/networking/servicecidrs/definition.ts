import type { ServiceCIDR } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { cidrFaults, parseCidr } from '../../../api/ip.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';

export const servicecidrs = define<ServiceCIDR>({
  ...fromFacts('networking.k8s.io', 'v1', 'servicecidrs'),
  strategy: {
    statusKeeps: 'metadata',
    namesOnCreateOnly: true,
    ...resetsStatus<ServiceCIDR>(),
    validate,
    validateUpdate,
  },
  columns: [name, text('CIDRs', ({ spec }) => (spec?.cidrs ?? []).join(',')), age],
});

function validate({ spec }: ServiceCIDR): FieldError[] {
  const at = path('spec', 'cidrs');
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) return [required(at, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(at, internalForm('networking.ServiceCIDRSpec', { cidrs }), 'may only hold up to 2 values')];
  const faults = cidrs.flatMap((cidr, index) => cidrFaults(at.index(index), cidr));
  const families = new Set(cidrs.map((cidr, index) => parseCidr(cidr)?.address.family ?? index));
  return cidrs.length === 2 && families.size < 2
    ? [...faults, invalid(at, cidrs, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')]
    : faults;
}

/** A second family may come to one that is there; nothing else changes. */
function validateUpdate(cidr: ServiceCIDR, old: ServiceCIDR): FieldError[] {
  const at = path('spec', 'cidrs');
  const [now, before] = [cidr.spec?.cidrs ?? [], old.spec?.cidrs ?? []];
  const why = 'field is immutable';
  const changed = before.flatMap((value, index) => (value === now[index] ? [] : [invalid(at.index(index), now[index] ?? '', why)]));
  if (now.length === before.length) return changed;
  return before.length === 1 && now.length === 2 ? [...changed, ...validate(cidr)] : [invalid(at, now.length === 0 ? null : now, why)];
}
