/** The command line as a user meets it, in processes of its own. Needs no root and no Docker. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { CoracleProcess, entry, freePort } from '../support/coracle.ts';

const run = (...args: string[]): { status: number | null; stdout: string; stderr: string } =>
  spawnSync(process.execPath, [entry, ...args], { encoding: 'utf8', timeout: 20_000 });

const simulated = async (...flags: string[]): Promise<CoracleProcess> =>
  new CoracleProcess(['--https-listen-port', String(await freePort()), '--kubelet-port', '0', '--runtime', 'sim', ...flags]);

describe('coracle', () => {
  test.each([[[]], [['--help']], [['server', '--help']], [['reset', '--help']]])('%j shows help with examples', (args) => {
    const { stdout, stderr } = run(...args);
    expect(stdout + stderr).toContain('Examples:\n  coracle ');
  });

  test('a reader that goes away is no failure', () => {
    const result = spawnSync('sh', ['-c', `${process.execPath} ${entry} server --help | head -n 1`], { encoding: 'utf8' });
    expect(result).toMatchObject({ stdout: 'Usage: coracle server [options]\n', stderr: '' });
  });

  test('version', () => {
    expect(run('version')).toMatchObject({ status: 0, stdout: expect.stringMatching(/^coracle v1\.36\.\d+\+coracle\nnode v24\./) });
  });

  test.each([
    [['server', '--nonsense'], /^coracle: unknown option '--nonsense'/],
    [['frobnicate'], /^coracle: unknown command 'frobnicate'/],
    [['server', '--https-listen-port', 'x'], /^coracle: --https-listen-port x: must be a whole number\n$/],
    [['server', '--cluster-cidr', '10.0.0.0/99'], /^coracle: --cluster-cidr 10.0.0.0\/99: must be CIDRs/],
    [['server', '--data-dir', '/dev/null/x', '--runtime', 'sim'], /^coracle: --data-dir \/dev\/null\/x: cannot be used \(ENOTDIR\)\n$/],
    [['kubeconfig', '--data-dir', '/nowhere'], /^coracle: no cluster in \/nowhere; start one with coracle server/],
    [['agent'], /^coracle: --server is needed/],
  ])('%j is one clear line and status 2', (args, message) => {
    const result = run(...args);
    expect(result.stderr).toMatch(message);
    expect(result.status).toBe(2);
  });

  test('a taken port is one clear line and status 2', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, resolve));
    const { port } = holder.address() as { port: number };
    const dataDir = mkdtempSync(join(tmpdir(), 'coracle-cli-'));
    const result = run('server', '--runtime', 'sim', '--data-dir', dataDir, '--https-listen-port', String(port));
    holder.close();
    expect(result).toMatchObject({ status: 2, stderr: `coracle: --https-listen-port ${String(port)}: in use by another program\n` });
  });

  test('says where the kubeconfig is, keeps it private, merges it, stops cleanly', async () => {
    const coracle = await simulated();
    await coracle.start();
    const kubeconfig = join(coracle.dataDir, 'kubeconfig');
    expect(coracle.output).toContain(`export KUBECONFIG=${kubeconfig}`);
    expect(coracle.output).toMatch(/https:\/\/127\.0\.0\.1:\d+/);
    expect(coracle.output).toContain('every authenticated client is an administrator');
    for (const secret of ['kubeconfig', 'token', 'tls/ca.key', 'tls/server.key', 'state.db']) {
      expect([secret, statSync(join(coracle.dataDir, secret)).mode & 0o077]).toEqual([secret, 0]);
    }
    const home = mkdtempSync(join(tmpdir(), 'coracle-home-'));
    const merged = spawnSync(process.execPath, [entry, 'kubeconfig', '--merge', '--data-dir', coracle.dataDir], {
      encoding: 'utf8',
      env: { HOME: home },
    });
    expect(merged).toMatchObject({ status: 0, stdout: expect.stringContaining('has the context coracle') });
    expect(readFileSync(join(home, '.kube', 'config'), 'utf8')).toContain('current-context: coracle');
    const second = run('server', '--runtime', 'sim', '--data-dir', coracle.dataDir);
    expect(second).toMatchObject({ status: 2, stderr: expect.stringContaining(`in use by process ${String(coracle.pid)}`) });
    expect(await coracle.stop('SIGINT')).toBe(0);
    expect(coracle.command('reset')).toMatchObject({ code: 0 });
    expect(() => statSync(coracle.dataDir)).toThrow('ENOENT');
  }, 60_000);

  test('an API server alone, as tests of controllers want it', async () => {
    const without = [
      '--disable-agent',
      '--disable-controller-manager',
      '--disable-scheduler',
      '--disable-admission-plugins',
      'ServiceAccount',
    ];
    await using stack = new AsyncDisposableStack();
    const coracle = await simulated(...without);
    stack.defer(async () => void (await coracle.stop()));
    await coracle.start();
    expect(await coracle.kubectl.run('run', 'lone', '--image', 'nginx')).toContain('pod/lone created');
    expect(await coracle.kubectl.run('get', 'serviceaccounts,nodes', '-A')).toBe('');
    expect(await coracle.kubectl.run('get', '--raw', '/metrics')).not.toMatch(/^scheduler_|name="deployment"/m);
  }, 60_000);

  test('two clusters side by side know nothing of each other', async () => {
    await using stack = new AsyncDisposableStack();
    const clusters = await Promise.all([simulated(), simulated('--node-name', 'second')]);
    for (const cluster of clusters) {
      stack.defer(async () => void (await cluster.stop()));
      await cluster.start();
    }
    await clusters[0]?.kubectl.run('create', 'configmap', 'here');
    expect((await clusters[1]?.kubectl.result(['get', 'configmap', 'here']))?.stderr).toContain('not found');
    expect(await clusters[1]?.kubectl.run('get', 'nodes', '-o', 'name')).toBe('node/second\n');
  }, 60_000);
});
