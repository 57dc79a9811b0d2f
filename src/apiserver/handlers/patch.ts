import { notFound } from '../../api/errors.ts';
import { readBody } from '../body.ts';
import { parseBody } from '../decode.ts';
import { unsupportedMediaType } from '../media-type.ts';
import { writeParameters } from '../options.ts';
import { applyPatchType, patcher, patchTypes } from '../patching.ts';
import type { Scope } from './scope.ts';
import { sendEntry } from './scope.ts';
import { contextOptions } from './create.ts';

/** PATCH in any of the four types; tried again when somebody else was faster. */
export async function patch(scope: Scope): Promise<void> {
  const { exchange, store } = scope;
  const { namespace, name, subresource } = exchange.info;
  const type = (exchange.request.headers['content-type'] ?? '').split(';', 1)[0]?.trim() ?? '';
  if (!(patchTypes as readonly string[]).includes(type)) throw unsupportedMediaType(patchTypes.join(', '));
  const body = await readBody(exchange.request);
  const parameters = writeParameters(exchange.query, 'PatchOptions', type);
  const isApply = type === applyPatchType;
  const value = parseBody(body, isApply ? 'yaml' : 'json');
  const { fieldManager, dryRun } = parameters;
  const apply = patcher(store.definition, {
    type,
    body: value,
    subresource,
    fieldManager,
    force: parameters.force === true,
    validation: parameters.fieldValidation,
    warn: (text) => exchange.warn(text),
  });
  const { entry, created } = await store.update(
    {
      name,
      namespace,
      subresource,
      update: (current) => {
        if (current === undefined && !isApply) throw notFound(store.definition, name);
        return apply(current);
      },
      retryOnConflict: true,
      dryRun,
      ...(isApply && subresource === '' ? { forceAllowCreate: true } : {}),
    },
    exchange.context(contextOptions(parameters)),
  );
  sendEntry(scope, created ? 201 : 200, entry);
}
