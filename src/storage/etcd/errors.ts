/** What gRPC and etcd say when something fails, in this layer's words (etcd api/v3rpc/rpctypes/error.go). */
import { maxValueBytes } from '../storage-errors.ts';
import { StorageError } from '../storage.ts';

/** gRPC's codes, as far as they are told apart here (google.golang.org/grpc/codes). */
export const status = {
  CANCELLED: 1,
  UNKNOWN: 2,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  RESOURCE_EXHAUSTED: 8,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

/** What is known of a call that failed; @grpc/grpc-js's errors of streams have it too. */
export interface ServiceError extends Error {
  readonly code: number;
  readonly details: string;
}

/** A single call that failed. */
export class CallError extends Error implements ServiceError {
  readonly code: number;
  readonly details: string;
  constructor(code: number, details: string, options?: ErrorOptions) {
    super(`${String(code)}: ${details}`, options);
    this.name = 'CallError';
    this.code = code;
    this.details = details;
  }
}

export function isServiceError(thrown: unknown): thrown is ServiceError {
  return thrown instanceof Error && 'code' in thrown && 'details' in thrown;
}

/** Whether another member, or the same one later, may well answer. */
export function isPassing({ code, details }: ServiceError): boolean {
  if (code === status.UNAVAILABLE || code === status.DEADLINE_EXCEEDED) return true;
  if (code === status.RESOURCE_EXHAUSTED) return details.includes('too many requests');
  // A connection that broke in the middle of an answer.
  return code === status.INTERNAL || code === status.CANCELLED || code === status.UNKNOWN;
}

/** Whether the request surely never reached the log: then a repetition cannot be the second one. */
export function isUnsent({ code, details }: ServiceError): boolean {
  return code === status.UNAVAILABLE && (details.includes('No connection established') || details.endsWith('etcdserver: no leader'));
}

/** What etcd says of a token that has run out, that a member which was restarted does not know, or that there is none of yet. */
const tokenRefusals = ['invalid auth token', 'revision of auth store is old', 'user name is empty'];

/** Whether the token of a user has run out. */
export function isTokenExpired({ code, details }: ServiceError): boolean {
  return code === status.UNAUTHENTICATED || tokenRefusals.some((text) => details.includes(text));
}

/** Whether the cluster asks nobody who they are: a name and a password are not needed then. */
export function isOpenToAll({ details }: ServiceError): boolean {
  return details.includes('authentication is not enabled');
}

export function isLeaseGone({ code, details }: ServiceError): boolean {
  return code === status.NOT_FOUND && details.includes('lease not found');
}

/** `asked`: the revision the request named, for the texts. */
export function etcdError(thrown: unknown): StorageError {
  if (thrown instanceof StorageError) return thrown;
  if (!isServiceError(thrown)) return new StorageError('unavailable', `etcd: ${String(thrown)}`, { cause: thrown });
  const { details, code } = thrown;
  const cause = { cause: thrown };
  if (details.includes('has been compacted')) return new StorageError('compacted', 'the revision has been compacted', cause);
  if (details.includes('is a future revision')) return new StorageError('future', 'the revision is in the future', cause);
  if (details.includes('space exceeded')) return new StorageError('full', 'etcd has reached its space quota', cause);
  if (details.includes('request is too large') || (code === status.RESOURCE_EXHAUSTED && details.includes('larger than max')))
    return new StorageError('tooLarge', `the value is too large for etcd; ${String(maxValueBytes)} bytes are allowed`, cause);
  if (code === status.DATA_LOSS) return new StorageError('corrupt', `etcd: ${details}`, cause);
  return new StorageError('unavailable', `etcd: ${details}`, cause);
}
