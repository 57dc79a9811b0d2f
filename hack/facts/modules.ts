/** Where Go keeps the modules that the facts are read from. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The release whose facts are committed; the staging modules carry the same number under v0. */
export const release = 'v1.36.3';
const staging = release.replace(/^v1/, 'v0');

/** A module's folder in Go's module cache, downloaded when it is not there. Throws when Go is missing. */
function moduleDir(path: string, version: string): string {
  return (JSON.parse(execFileSync('go', ['mod', 'download', '-json', `${path}@${version}`], { encoding: 'utf8' })) as { Dir: string }).Dir;
}

export interface Modules {
  readonly kubernetes: string;
  /** The folder of a Go package of one of the staging modules: `k8s.io/api/core/v1`. */
  packageDir(importPath: string): string;
}

export function findModules(): Modules {
  const dirs = new Map(
    ['api', 'apimachinery', 'apiextensions-apiserver', 'kube-aggregator'].map((name) => [name, moduleDir(`k8s.io/${name}`, staging)]),
  );
  return {
    kubernetes: moduleDir('k8s.io/kubernetes', release),
    packageDir(importPath) {
      const [, module = '', ...rest] = importPath.split('/');
      return join(dirs.get(module) ?? '', ...rest);
    },
  };
}

/** The Go package and type of an OpenAPI definition: io.k8s.api.core.v1.Pod is Pod of k8s.io/api/core/v1. */
export function goName(definition: string): { package: string; type: string } {
  const parts = definition.replace(/^io\.k8s\./, '').split('.');
  return { package: `k8s.io/${parts.slice(0, -1).join('/')}`, type: parts.at(-1) ?? '' };
}

/** The hand-written Go sources of a package, joined. */
export function goSource(dir: string): string {
  if (!existsSync(dir)) return '';
  return readdirSync(dir)
    .filter((file) => file.endsWith('.go') && !file.endsWith('_test.go') && !/generated/.test(file))
    .map((file) => readFileSync(join(dir, file), 'utf8'))
    .join('\n');
}
