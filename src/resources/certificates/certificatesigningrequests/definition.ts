import { humanDuration } from '../../../api/duration.ts';
import type { CertificateSigningRequest } from '../../../api/generated/types.ts';
import { cloneJson } from '../../../api/json.ts';
import { pathSegmentFaults } from '../../../api/names.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import { rfc3339 } from '../../../base/clock.ts';
import type { ResourceDeps } from '../../deps.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { validateApproval, validateRequest, validateStatus } from './validation.ts';

/** pkg/registry/certificates/certificates/strategy.go: who asks is written by the server, who decides does it on /approval. */
export function certificatesigningrequests({ clock }: ResourceDeps): ResourceDefinition {
  const stamp = ({ status }: CertificateSigningRequest, old: CertificateSigningRequest): void => {
    const now = rfc3339(clock.now());
    for (const condition of status.conditions ?? []) {
      const same = old.status.conditions?.find(({ type, status: value }) => type === condition.type && value === condition.status);
      condition.lastUpdateTime ??= now;
      condition.lastTransitionTime ??= same?.lastTransitionTime ?? now;
    }
  };
  return define<CertificateSigningRequest>({
    ...fromFacts('certificates.k8s.io', 'v1', 'certificatesigningrequests'),
    strategy: {
      prepareForCreate(request, { user }) {
        const { spec } = request;
        spec.username = user.name;
        spec.groups = [...user.groups];
        if (user.uid !== undefined && user.uid !== '') spec.uid = user.uid;
        else delete spec.uid;
        if (user.extra === undefined) delete spec.extra;
        else spec.extra = Object.fromEntries(Object.entries(user.extra).map(([key, values]) => [key, [...values]]));
        request.status = {};
      },
      prepareForUpdate(request, old) {
        request.spec = cloneJson(old.spec);
        request.status = cloneJson(old.status);
      },
      prepareForStatusUpdate(request, old) {
        request.spec = cloneJson(old.spec);
        for (const type of ['Approved', 'Denied']) keepConditions(request, old, type);
        stamp(request, old);
      },
      validateName: pathSegmentFaults,
      validate: validateRequest,
      validateUpdate: () => [],
      validateStatusUpdate: validateStatus,
    },
    subresources: [
      {
        name: 'approval',
        prepareForUpdate(request, old) {
          stamp(request, old);
          const { conditions } = request.status;
          const { conditions: _before, ...rest } = cloneJson(old.status);
          request.spec = cloneJson(old.spec);
          request.status = { ...rest, ...(conditions === undefined ? {} : { conditions }) };
        },
        validateUpdate: validateApproval,
      },
    ],
    owned: {
      '': { never: ['spec', 'status'] },
      status: { never: ['spec', 'status.conditions'] },
      approval: { never: ['spec', 'status.certificate'] },
    },
    selectableFields: { 'spec.signerName': ({ spec }) => spec.signerName },
    columns: [
      name,
      age,
      text('SignerName', ({ spec }) => spec.signerName || '<none>'),
      text('Requestor', ({ spec }) => spec.username ?? ''),
      text('RequestedDuration', ({ spec }) =>
        spec.expirationSeconds === undefined ? '<none>' : humanDuration(spec.expirationSeconds * 1000),
      ),
      text('Condition', state),
    ],
  });
}

/** A write of the status leaves decisions as they are, unless it adds or removes some: that is a fault. */
function keepConditions(request: CertificateSigningRequest, old: CertificateSigningRequest, type: string): void {
  const { conditions = [] } = request.status;
  const before = (old.status.conditions ?? []).filter((condition) => condition.type === type);
  if (conditions.filter((condition) => condition.type === type).length !== before.length) return;
  const kept = before.values();
  if (before.length > 0)
    request.status.conditions = conditions.map((condition) =>
      condition.type === type ? cloneJson(kept.next().value ?? condition) : condition,
    );
}

function state({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status.conditions?.some((condition) => condition.type === type) === true;
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${has('Failed') ? ',Failed' : ''}${(status.certificate ?? '') === '' ? '' : ',Issued'}`;
}
