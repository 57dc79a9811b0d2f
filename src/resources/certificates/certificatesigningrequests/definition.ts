import { humanDuration } from '../../../api/duration.ts';
import type { CertificateSigningRequest } from '../../../api/generated/types.ts';
import { cloneJson } from '../../../api/json.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import { rfc3339 } from '../../../base/clock.ts';
import type { ResourceDeps } from '../../deps.ts';
import { age, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { validateApproval, validateRequest } from './validation.ts';

type Conditions = CertificateSigningRequest['status']['conditions'];
const decisions = ['Approved', 'Denied'];

/** pkg/registry/certificates/certificates/strategy.go: who asks is written by the server, who decides does it on /approval. */
export function certificatesigningrequests({ clock }: ResourceDeps): ResourceDefinition {
  const stamp = (request: CertificateSigningRequest): void => {
    for (const condition of request.status.conditions ?? []) {
      condition.lastUpdateTime ??= rfc3339(clock.now());
      condition.lastTransitionTime ??= rfc3339(clock.now());
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
        request.status.conditions = mixed(request.status.conditions, old.status.conditions, (type) => !decisions.includes(type));
        stamp(request);
      },
      validate: validateRequest,
      validateUpdate: () => [],
    },
    subresources: [
      {
        name: 'approval',
        prepareForUpdate(request, old) {
          const conditions = mixed(request.status.conditions, old.status.conditions, (type) => decisions.includes(type));
          request.spec = cloneJson(old.spec);
          request.status = { ...cloneJson(old.status), ...(conditions.length === 0 ? {} : { conditions }) };
          stamp(request);
        },
        validateUpdate: validateApproval,
      },
    ],
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

/** Each endpoint may touch its own conditions only: of the others the old ones stay. */
function mixed(now: Conditions, before: Conditions, own: (type: string) => boolean): NonNullable<Conditions> {
  const all = [
    ...(before ?? []).filter((condition) => !own(condition.type)).map(cloneJson),
    ...(now ?? []).filter((condition) => own(condition.type)),
  ];
  return all;
}

function state({ status }: CertificateSigningRequest): string {
  const has = (type: string): boolean => status.conditions?.some((condition) => condition.type === type) === true;
  const decision = has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending';
  return `${decision}${has('Failed') ? ',Failed' : ''}${(status.certificate ?? '') === '' ? '' : ',Issued'}`;
}
