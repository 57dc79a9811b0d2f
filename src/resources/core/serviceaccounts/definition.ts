import type { ServiceAccount } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import type { ResourceDefinition } from '../../../registry/definition.ts';
import type { ResourceDeps } from '../../deps.ts';
import { nameAndAge } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { token } from './token.ts';

export function serviceaccounts(deps: ResourceDeps): ResourceDefinition {
  return define<ServiceAccount>({
    ...fromFacts('', 'v1', 'serviceaccounts'),
    strategy: {
      prepareForCreate: nameSecretsOnly,
      prepareForUpdate: nameSecretsOnly,
      warnings: mountableSecretsWarnings,
    },
    columns: nameAndAge,
    subresources: [token(deps)],
  });
}

/** cleanSecretReferences: a secret is of the account's own namespace. */
function nameSecretsOnly(account: ServiceAccount): void {
  if (account.secrets !== undefined) account.secrets = account.secrets.map(({ name }) => (name === undefined ? {} : { name }));
}

const mountableSecrets = 'kubernetes.io/enforce-mountable-secrets';

function mountableSecretsWarnings({ metadata }: ServiceAccount, old: ServiceAccount | undefined): string[] {
  if (metadata.annotations?.[mountableSecrets] === undefined || old?.metadata.annotations?.[mountableSecrets] !== undefined) return [];
  return [
    `metadata.annotations[${mountableSecrets}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets`,
  ];
}
