import type { Secret } from '../../../api/generated/types.ts';
import { define } from '../../../registry/definition.ts';
import { age, integer, name, text } from '../../shared/columns.ts';
import { fromFacts } from '../../shared/facts.ts';
import { keyPairWarnings } from './key-pair.ts';
import { validateSecret, validateSecretUpdate } from './validation.ts';

export const secrets = define<Secret>({
  ...fromFacts('', 'v1', 'secrets'),
  strategy: {
    default(secret) {
      secret.type ||= 'Opaque';
      const { stringData } = secret;
      delete secret.stringData;
      for (const [key, value] of Object.entries(stringData ?? {})) (secret.data ??= {})[key] = Buffer.from(value).toString('base64');
    },
    prepareForUpdate(secret, old) {
      if ((secret.type ?? '') === '' && old.type !== undefined) secret.type = old.type;
    },
    validate: validateSecret,
    validateUpdate: validateSecretUpdate,
    warnings: keyPairWarnings,
  },
  selectableFields: { type: ({ type }) => type ?? '' },
  columns: [
    name,
    text('Type', ({ type }) => type ?? ''),
    { ...integer<Secret>('Data', ({ data }) => Object.keys(data ?? {}).length), type: 'string' },
    age,
  ],
});
