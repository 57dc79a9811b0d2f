import type { CertificateSigningRequest } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { fromFacts } from '../../shared/facts.ts';
import { nameAndAge } from '../../shared/columns.ts';

export const certificatesigningrequests = define<CertificateSigningRequest>({
  ...fromFacts('certificates.k8s.io', 'v1', 'certificatesigningrequests'),
  strategy: {},
  columns: nameAndAge,
});
