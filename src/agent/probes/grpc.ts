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

export async function checkGrpc(call: GrpcCall): Promise<ProbeResult> {
  // Loaded when first needed: hardly any pod has such a probe.
  const { connect } = await import('node:http2');
  const host = call.host.includes(':') ? `[${call.host}]` : call.host;
  return new Promise((resolve) => {
    const session = connect(`http://${host}:${call.port}`);
    const timer = setTimeout(
      () => finish(`timeout: failed to connect service "${host}:${call.port}" within ${call.timeoutMs}ms: context deadline exceeded`),
      call.timeoutMs,
    );
    const finish = (failure: string): void => {
      clearTimeout(timer);
      session.destroy();
      resolve({ ok: failure === '', output: failure });
    };
    session.on('error', (error: Error) => finish(`error: health rpc probe failed: ${error.message}`));
    const stream = session.request({
      ':method': 'POST',
      ':path': '/grpc.health.v1.Health/Check',
      'content-type': 'application/grpc',
      te: 'trailers',
      'user-agent': 'kube-probe/1.36',
    });
    const chunks: Buffer[] = [];
    let code = '';
    const note = (headers: Readonly<Record<string, string | number | string[] | undefined>>): void => {
      const status = headers['grpc-status'];
      if (typeof status === 'string') code = status;
    };
    stream.on('response', note);
    stream.on('trailers', note);
    stream.on('data', (chunk: Buffer) => chunks.push(chunk));
    stream.on('error', (error: Error) => finish(`error: health rpc probe failed: ${error.message}`));
    stream.on('end', () => {
      if (code === '12') return finish('error: this server does not implement the grpc health protocol (grpc.health.v1.Health)');
      if (code !== '' && code !== '0') return finish(`error: health rpc failed with code ${code}`);
      const status = decodeResponse(Buffer.concat(chunks));
      finish(status === 'SERVING' ? '' : `service unhealthy (responded with "${status}")`);
    });
    stream.end(encodeRequest(call.service));
  });
}
