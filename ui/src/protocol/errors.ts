/** The closed set of codes; HTTP adds the last three. */
export type ErrorCode =
  | 'invalid'
  | 'too_large'
  | 'not_found'
  | 'already_exists'
  | 'dangling_edge'
  | 'forbidden'
  | 'stale_epoch'
  | 'out_of_order'
  | 'expired'
  | 'rate_limited'
  | 'storage_full'
  | 'unavailable'
  | 'internal'
  | 'unauthorized'
  | 'too_old'
  | 'method_not_allowed';

export interface ApiError {
  code: ErrorCode;
  message: string;
  detail?: string;
  field?: string;
  retryable: boolean;
  traceId: string;
}
