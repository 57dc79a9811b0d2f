/** Links of proxied pages that point at the target lead through the proxy: apimachinery pkg/util/proxy/transport.go. */
import { posix } from 'node:path';
import { pipeline, type Readable, type Transform } from 'node:stream';
import { createDeflateRaw, createGunzip, createGzip, createInflateRaw } from 'node:zlib';

/** Which attributes of an element are addresses. */
const addresses: Readonly<Record<string, readonly string[]>> = {
  a: ['href'],
  applet: ['codebase'],
  area: ['href'],
  audio: ['src'],
  base: ['href'],
  blockquote: ['cite'],
  body: ['background'],
  button: ['formaction'],
  command: ['icon'],
  del: ['cite'],
  embed: ['src'],
  form: ['action'],
  frame: ['longdesc', 'src'],
  head: ['profile'],
  html: ['manifest'],
  iframe: ['longdesc', 'src'],
  img: ['longdesc', 'src', 'usemap'],
  input: ['src', 'usemap', 'formaction'],
  ins: ['cite'],
  link: ['href'],
  object: ['classid', 'codebase', 'data', 'usemap'],
  q: ['cite'],
  script: ['src'],
  source: ['src'],
  video: ['poster', 'src'],
};

export interface ProxiedAt {
  /** The path of the proxy subresource, without a slash at its end. */
  readonly prefix: string;
  /** What the target is called: its own address, and what the client's Host header says. */
  readonly hosts: readonly string[];
}

/** An address as the client must ask for it; relative ones and those of other hosts stay. */
export function throughProxy(address: string, { prefix, hosts }: ProxiedAt): string {
  const parts = /^(?:[a-z][a-z0-9+.-]*:)?(?:\/\/([^/?#]*))?(\/[^?#]*)(.*)$/is.exec(address);
  if (parts === null) return address;
  const [, host, path = '/', rest = ''] = parts;
  if (host !== undefined && host !== '' && !hosts.includes(host)) return address;
  if (path.startsWith(prefix)) return path + rest;
  const joined = posix.join(prefix, path);
  return (path.endsWith('/') && !joined.endsWith('/') ? `${joined}/` : joined) + rest;
}

/** Whether {@link rewriteLinks} understands an answer's body: HTML in UTF-8 (upstream takes every page for that), plain or compressed. */
export function hasLinks(contentType = '', encoding = ''): boolean {
  const charset = /;\s*charset="?([^";\s]*)/i.exec(contentType)?.[1] ?? 'utf-8';
  const isPage = contentType.split(';', 1)[0]?.trim() === 'text/html' && /^(utf-?8|us-ascii)$/i.test(charset);
  return isPage && ['', 'gzip', 'deflate'].includes(encoding);
}

/** The page with its links rewritten, in the encoding it came in. An error of the source or of its encoding ends the result with it. */
export async function rewriteLinks(page: Readable, encoding: string | undefined, at: ProxiedAt): Promise<Readable> {
  const { RewritingStream } = await import('parse5-html-rewriting-stream');
  const rewriter = new RewritingStream();
  rewriter.on('startTag', (tag, raw) => {
    const names = addresses[tag.tagName] ?? [];
    let changed = false;
    for (const attribute of tag.attrs) {
      if (!names.includes(attribute.name)) continue;
      const value = throughProxy(attribute.value, at);
      changed ||= value !== attribute.value;
      attribute.value = value;
    }
    if (changed) rewriter.emitStartTag(tag);
    else rewriter.emitRaw(raw);
  });
  const decoded = chain(page, decoders(encoding)).setEncoding('utf8');
  return chain(decoded, [rewriter, ...encoders(encoding)]);
}

function decoders(encoding: string | undefined): readonly Transform[] {
  if (encoding === 'gzip') return [createGunzip()];
  return encoding === 'deflate' ? [createInflateRaw()] : [];
}

function encoders(encoding: string | undefined): readonly Transform[] {
  if (encoding === 'gzip') return [createGzip()];
  return encoding === 'deflate' ? [createDeflateRaw({ level: 9 })] : [];
}

function chain(source: Readable, steps: readonly Transform[]): Readable {
  const last = steps.at(-1);
  if (last === undefined) return source;
  pipeline([source, ...steps], (error) => {
    if (error instanceof Error) last.destroy(error);
  });
  return last;
}
