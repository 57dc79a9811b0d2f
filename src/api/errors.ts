/**
 * The one error class that leaves the API, over a closed table of reasons.
 * Texts and codes: apimachinery pkg/api/errors/errors.go and pkg/apis/meta/v1/types.go of Kubernetes 1.36.
 */
import { goQuoted } from './go-text.ts';

/** Every reason with its HTTP status code. */
const reasons = {
  BadRequest: 400,
  Unauthorized: 401,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  AlreadyExists: 409,
  Conflict: 409,
  Gone: 410,
  Expired: 410,
  RequestEntityTooLarge: 413,
  UnsupportedMediaType: 415,
  Invalid: 422,
  TooManyRequests: 429,
  InternalError: 500,
  ServiceUnavailable: 503,
  Timeout: 504,
  ServerTimeout: 500,
  /** A plain Go error upstream: the Status has no reason. */
  Unknown: 500,
} as const;

export type Reason = keyof typeof reasons;

/** One cause inside a Status: for validation, the field's path and the message without it. */
export interface StatusCause {
  readonly reason?: string;
  readonly message: string;
  readonly field?: string;
}

export interface StatusDetails {
  name?: string;
  group?: string;
  kind?: string;
  uid?: string;
  causes?: readonly StatusCause[];
  retryAfterSeconds?: number;
}

/** metav1.Status as JSON. */
export interface StatusBody {
  readonly kind: 'Status';
  readonly apiVersion: 'v1';
  readonly metadata: { readonly continue?: string };
  readonly status: 'Success' | 'Failure';
  readonly message?: string;
  readonly reason?: string;
  readonly details?: StatusDetails;
  readonly code: number;
}

/** A failure that a client sees as a Status. `cause` (ErrorOptions) keeps what was thrown below. */
export class ApiError extends Error {
  readonly reason: Reason;
  readonly code: number;
  readonly details: StatusDetails | undefined;
  /** For 410 Expired on a list: the inconsistent continuation token. */
  readonly continueToken: string | undefined;

  constructor(
    reason: Reason,
    message: string,
    options: ErrorOptions & { details?: StatusDetails; code?: number; continueToken?: string } = {},
  ) {
    super(message, options);
    this.name = 'ApiError';
    this.reason = reason;
    this.code = options.code ?? reasons[reason];
    this.details = options.details;
    this.continueToken = options.continueToken;
  }

  toStatus(): StatusBody {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: this.continueToken === undefined ? {} : { continue: this.continueToken },
      status: 'Failure',
      message: this.message,
      ...(this.reason === 'Unknown' ? {} : { reason: this.reason }),
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

/** What is being talked about: the plural resource (or kind, for Invalid) with its group. */
export interface Subject {
  readonly group: string;
  readonly resource: string;
}

const qualified = (subject: Subject): string => (subject.group === '' ? subject.resource : `${subject.resource}.${subject.group}`);
const about = (subject: Subject, name: string): StatusDetails => ({
  ...(name === '' ? {} : { name }),
  ...(subject.group === '' ? {} : { group: subject.group }),
  kind: subject.resource,
});

export function notFound(subject: Subject, name: string): ApiError {
  return new ApiError('NotFound', `${qualified(subject)} ${goQuoted(name)} not found`, { details: about(subject, name) });
}

export function alreadyExists(subject: Subject, name: string): ApiError {
  return new ApiError('AlreadyExists', `${qualified(subject)} ${goQuoted(name)} already exists`, { details: about(subject, name) });
}

export function conflict(subject: Subject, name: string, why: string): ApiError {
  return new ApiError('Conflict', `Operation cannot be fulfilled on ${qualified(subject)} ${goQuoted(name)}: ${why}`, {
    details: about(subject, name),
  });
}

export function forbidden(subject: Subject, name: string, why: string): ApiError {
  const named = name === '' ? qualified(subject) : `${qualified(subject)} ${goQuoted(name)}`;
  return new ApiError('Forbidden', `${named} is forbidden: ${why}`, { details: about(subject, name) });
}

export function badRequest(message: string, options?: ErrorOptions): ApiError {
  return new ApiError('BadRequest', message, options);
}

/** Whatever was thrown, as an ApiError; unknown failures become 500 InternalError with the cause kept. */
export function toApiError(thrown: unknown): ApiError {
  if (thrown instanceof ApiError) return thrown;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return new ApiError('InternalError', `Internal error occurred: ${message}`, {
    cause: thrown,
    details: { causes: [{ message }] },
  });
}

export function isReason(thrown: unknown, reason: Reason): boolean {
  return thrown instanceof ApiError && thrown.reason === reason;
}
