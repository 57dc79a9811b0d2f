import type { ServiceCIDR } from '../../../api/generated/types.ts';
import { invalid, path, required, type FieldError } from '../../../api/field-errors.ts';
import { cidrFaults, parseCidr } from '../../../api/ip.ts';
import { define } from '../../../registry/definition.ts';
import { age, name, text } from '../../shared/columns.ts';
import { immutable } from '../../shared/checks.ts';
import { fromFacts } from '../../shared/facts.ts';
import { resetsStatus } from '../../shared/strategy.ts';

export const servicecidrs = define<ServiceCIDR>({
  ...fromFacts('networking.k8s.io', 'v1', 'servicecidrs'),
  strategy: {
    statusKeeps: 'metadata',
    ...resetsStatus<ServiceCIDR>(),
    validate,
    validateUpdate: (cidr, old) => immutable(path('spec', 'cidrs'), cidr.spec?.cidrs, old.spec?.cidrs),
  },
  columns: [name, text('CIDRs', ({ spec }) => (spec?.cidrs ?? []).join(',')), age],
});

function validate({ spec }: ServiceCIDR): FieldError[] {
  const at = path('spec', 'cidrs');
  const cidrs = spec?.cidrs ?? [];
  if (cidrs.length === 0) return [required(at, 'at least one CIDR required')];
  if (cidrs.length > 2) return [invalid(at, spec, 'may only hold up to 2 values')];
  const faults = cidrs.flatMap((cidr, index) => cidrFaults(at.index(index), cidr));
  const families = new Set(cidrs.map((cidr) => parseCidr(cidr)?.address.family));
  return cidrs.length === 2 && families.size < 2
    ? [...faults, invalid(at, spec, 'may specify no more than one IP for each IP family, i.e 192.168.0.0/24 and 2001:db8::/64')]
    : faults;
}
