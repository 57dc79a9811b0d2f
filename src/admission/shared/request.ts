/** What plugins ask of a request, and how they refuse it. */
import { type ApiError, forbidden } from '../../api/errors.ts';
import type { AdmissionRequest } from '../../registry/admission.ts';

/** Whether the request is about the resource itself, not about a subresource. */
export function isAbout({ definition, subresource }: AdmissionRequest, group: string, resource: string): boolean {
  return subresource === '' && isOf(definition, group, resource);
}

export function isOf(definition: { readonly group: string; readonly resource: string }, group: string, resource: string): boolean {
  return definition.resource === resource && definition.group === group;
}

/** 403, naming the object as far as it has a name already (apiserver pkg/admission/errors.go). */
export function refuse(request: AdmissionRequest, why: string): ApiError {
  const { definition, name, object } = request;
  const known = [name, object?.metadata.name, object?.metadata.generateName].find((text) => text !== undefined && text !== '');
  return forbidden(definition, known ?? 'Unknown', why);
}

/** Several faults in one sentence, as Go's aggregates print them. */
export function joined(faults: readonly string[]): string {
  const different = [...new Set(faults)];
  return different.length === 1 ? (different[0] ?? '') : `[${different.join(', ')}]`;
}
