/** validatePodResourceClaims of pkg/apis/core/validation/validation.go. */
import type { PodSpec } from '../../../api/generated/types.ts';
import { duplicate, invalid, required, type FieldError, type Path } from '../../../api/field-errors.ts';
import { internalForm } from '../../../api/internal-form.ts';
import { dns1123LabelFaults, dns1123SubdomainFaults } from '../../../api/names.ts';
import { checked } from '../names.ts';

export function podClaimErrors(claims: NonNullable<PodSpec['resourceClaims']>, at: Path): FieldError[] {
  const names = new Set<string>();
  return claims.flatMap((claim, index) => {
    const own = at.index(index);
    const { name, resourceClaimName, resourceClaimTemplateName } = claim;
    const faults: FieldError[] = [];
    if (name === '') faults.push(required(own.child('name')));
    else if (names.has(name)) faults.push(duplicate(own.child('name'), name));
    else faults.push(...checked(own.child('name'), name, dns1123LabelFaults));
    names.add(name);
    const shown = (): object => internalForm('core.PodResourceClaim', claim);
    if (resourceClaimName !== undefined && resourceClaimTemplateName !== undefined)
      faults.push(invalid(own, shown(), 'at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified'));
    if (resourceClaimName === undefined && resourceClaimTemplateName === undefined)
      faults.push(invalid(own, shown(), 'must specify one of: `resourceClaimName`, `resourceClaimTemplateName`'));
    for (const field of ['resourceClaimName', 'resourceClaimTemplateName'] as const) {
      const value = claim[field];
      if (value !== undefined) faults.push(...checked(own.child(field), value, dns1123SubdomainFaults));
    }
    return faults;
  });
}
