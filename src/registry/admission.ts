/** Admission as apiserver pkg/admission: mutating plugins in order, then (after validation) validating ones in order. */
import type { KubeObject } from '../api/object.ts';
import type { RequestContext } from './context.ts';
import type { ResourceDefinition } from './definition.ts';

export interface AdmissionRequest {
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly definition: ResourceDefinition;
  readonly subresource: string;
  readonly namespace: string;
  readonly name: string;
  /** Private and unfrozen while mutating, frozen while validating; undefined on DELETE. */
  readonly object: KubeObject | undefined;
  readonly old: KubeObject | undefined;
  readonly context: RequestContext;
  /** For CONNECT and DELETE: the options. */
  readonly options?: unknown;
}

/** Throws an ApiError (usually forbidden) to refuse. A plugin takes part only in the phases it has. */
export interface AdmissionPlugin {
  readonly name: string;
  /** The resources of which `mutate` may change objects, as `GROUP/PLURAL`. Missing: any. */
  readonly changes?: readonly string[];
  mutate?(request: AdmissionRequest): Promise<void> | void;
  validate?(request: AdmissionRequest): Promise<void> | void;
}
