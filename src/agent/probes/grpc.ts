/** The gRPC health check (grpc.health.v1.Health/Check) over plain HTTP/2; its two messages are a string and an enum. */
import type { ProbeResult } from './probe.ts';

export interface GrpcCall {
  readonly host: string;
  readonly port: number;
  readonly service: string;
  readonly timeoutMs: number;
}

/** A length-prefixed HealthCheckRequest { string service = 1 }. */
export function encodeRequest(service: string): Buffer {
  const name = Buffer.from(service);
  const message = name.length === 0 ? Buffer.alloc(0) : Buffer.concat([Buffer.from([0x0a, ...varint(name.length)]), name]);
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

function varint(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >> 7)];
}

const statuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

/** The status in a length-prefixed HealthCheckResponse { ServingStatus status = 1 }; UNKNOWN is the enum's zero, which is left out. */
export function decodeResponse(body: Buffer): string {
  return statuses[body.length >= 7 && body[5] === 0x08 ? (body[6] ?? 0) : 0] ?? 'UNKNOWN';
}

/** Go's names of the codes that a call can end with (google.golang.org/grpc/codes). */
const codes = [
  'OK', 'Canceled', 'Unknown', 'InvalidArgument', 'DeadlineExceeded', 'NotFound', 'AlreadyExists', 'PermissionDenied',
  'ResourceExhausted', 'FailedPrecondition', 'Aborted', 'OutOfRange', 'Unimplemented', 'Internal', 'Unavailable', 'DataLoss',
  'Unauthenticated',
] as const; // prettier-ignore

/** Why the call ended, '' when it went well. */
function callFailure(code: string, message: string): string {
  if (code === '' || code === '0') return '';
  if (code === '12') return `error: this server does not implement the grpc health protocol (grpc.health.v1.Health): ${message}`;
  return `error: health rpc probe failed: rpc error: code = ${codes[Number(code)] ?? `Code(${code})`} desc = ${message}`;
}

export function checkGrpc(call: GrpcCall): Promise<ProbeResult> {
  // Loaded when first needed: hardly any pod has such a probe.
  const { connect } = process.getBuiltinModule('node:http2');
  const address = `${call.host.includes(':') ? `[${call.host}]` : call.host}:${call.port}`;
  const limit = `${call.timeoutMs / 1000}s`;
  return new Promise((resolve) => {
    const session = connect(`http://${address}`);
    let connected = false;
    const finish = (failure: string): void => {
      clearTimeout(timer);
      session.destroy();
      resolve({ ok: failure === '', output: failure === '' ? 'service healthy' : failure });
    };
    const timer = setTimeout(() => {
      if (connected) finish(`timeout: health rpc did not complete within ${limit}`);
      else finish(`timeout: failed to connect service "${address}" within ${limit}: context deadline exceeded`);
    }, call.timeoutMs);
    const broken = (error: Error): void => {
      // A connection that cannot be made is tried until the time is up: that is what is told.
      if (connected) finish(`error: health rpc probe failed: rpc error: code = Unavailable desc = ${error.message}`);
    };
    session.on('remoteSettings', () => (connected = true));
    session.on('error', broken);
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'kube-probe/1.36',
    });
    const chunks: Buffer[] = [];
    let [code, message] = ['', ''];
    const note = (headers: Readonly<Record<string, string | number | string[] | undefined>>): void => {
      const { 'grpc-status': status, 'grpc-message': text } = headers;
      if (typeof status === 'string') code = status;
      if (typeof text === 'string') message = decodeURIComponent(text);
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', broken);
    stream.on('end', () => {
      if (!connected) return;
      const failure = callFailure(code, message);
      const status = decodeResponse(Buffer.concat(chunks));
      if (failure !== '') finish(failure);
      else finish(status === 'SERVING' ? '' : `service unhealthy (responded with "${status}")`);
    });
    stream.end(encodeRequest(call.service));
  });
}
