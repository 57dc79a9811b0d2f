/**
 * The program inside the test image.
 *   node /srv/web.mjs serve           HTTP on 8080 of both families: VERSION, host name, CONFIG_FILE and SECRET_FILE
 *   node /srv/web.mjs call URL...     calls each URL in turn without pause until told to stop (SIGTERM), then reports
 */
import { createServer, get } from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { hostname } from 'node:os';

const read = (name) => (process.env[name] === undefined ? null : readFileSync(process.env[name], 'utf8').trim());

function serve() {
  let stopping = false;
  const server = createServer((request, response) => {
    if (request.url === '/ready') response.statusCode = existsSync('/tmp/unready') ? 503 : 200;
    if (stopping) response.setHeader('connection', 'close');
    if (request.url === '/exit') process.exit(3);
    response.end(
      JSON.stringify({
        version: process.env.VERSION,
        pod: hostname(),
        config: read('CONFIG_FILE'),
        secret: read('SECRET_FILE'),
        from: request.socket.remoteAddress,
      }) + '\n',
    );
  });
  server.listen({ port: Number(process.env.PORT ?? 8080), host: '::' }, () => console.log('serving'));
  process.on('SIGTERM', () => {
    stopping = true;
    // Goes on serving for a moment: the endpoint is only now being taken out everywhere.
    setTimeout(() => server.close(() => process.exit(0)), Number(process.env.LINGER_MS ?? 1500));
    setTimeout(() => process.exit(0), 8000).unref();
  });
}

function fetchOnce(url, timeout = 3000) {
  return new Promise((resolve) => {
    const call = get(url, { agent: false, timeout }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (text) => (body += text));
      response.on('end', () => resolve({ ok: response.statusCode === 200, body, status: response.statusCode }));
      response.on('error', (error) => resolve({ ok: false, error: error.message }));
    });
    call.on('timeout', () => call.destroy(new Error('timeout')));
    call.on('error', (error) => resolve({ ok: false, error: error.code ?? error.message }));
  });
}

async function call(urls, times) {
  const report = { calls: 0, failed: 0, errors: {}, pods: {}, versions: {} };
  let stop = false;
  process.on('SIGTERM', () => (stop = true));
  for (let at = 0; !stop && at < times; at += 1) {
    const result = await fetchOnce(urls[at % urls.length]);
    report.calls += 1;
    if (!result.ok) {
      report.failed += 1;
      const why = String(result.error ?? result.status);
      report.errors[why] = (report.errors[why] ?? 0) + 1;
    } else {
      const { pod, version } = JSON.parse(result.body);
      report.pods[pod] = (report.pods[pod] ?? 0) + 1;
      report.versions[version] = (report.versions[version] ?? 0) + 1;
    }
  }
  console.log(JSON.stringify(report));
}

const [verb, ...args] = process.argv.slice(2);
if (verb === 'serve') serve();
else if (verb === 'call')
  await call(
    args.filter((arg) => !/^\d+$/.test(arg)),
    Number(args.find((arg) => /^\d+$/.test(arg)) ?? Infinity),
  );
else if (verb === 'idle') setInterval(() => undefined, 1 << 30);
