import type { SubjectAccessReviewSpec } from '../api/generated/types.ts';
import type { Client } from './client.ts';
import { refs } from './refs.ts';

/** Who asks, as a request or an object names them, and for what. */
export interface AccessQuestion {
  readonly user?: string | undefined;
  readonly uid?: string | undefined;
  readonly groups?: readonly string[] | undefined;
  readonly extra?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly resourceAttributes: NonNullable<SubjectAccessReviewSpec['resourceAttributes']>;
}

/** Whether the API server says yes (SubjectAccessReview). Rejects when it does not answer. */
export async function isAllowed(client: Client, spec: AccessQuestion): Promise<boolean> {
  const { status } = await client.resource(refs.subjectAccessReviews).create('', { metadata: {}, spec } as never);
  return status?.allowed === true;
}
