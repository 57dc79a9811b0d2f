/** Bundles src/main.ts into dist/ (ES modules, heavy parts as chunks loaded on first use) and writes the documents' prose. */
import { build } from 'esbuild';
import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { node, root } from './prepare.mjs';

/**
 * Imported as a module, each of Node's own touches all it exports: node:http loads fetch so, node:crypto all of WebCrypto; 20 ms of
 * every start and megabytes that nobody uses. What is made only when somebody looks at it is left out here, but for what is used.
 */
const builtinsWithoutFacade = {
  name: 'builtins-without-facade',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path, kind }) => (kind === 'require-call' ? undefined : { path, namespace: 'builtin' }));
    const names = plainNames();
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `const all = process.getBuiltinModule('${path}');\nexport default all;\nexport const { ${names[path].join(', ')} } = all;`,
    }));
  },
};

/** What the modules of the Node that runs the bundle export, by `node:NAME`, but for getters. This process may be an older Node. */
function plainNames() {
  const script = `JSON.stringify(Object.fromEntries(require('node:module').builtinModules.map((name) => {
    const properties = Object.getOwnPropertyDescriptors(process.getBuiltinModule(name));
    const plain = Object.keys(properties).filter((key) => (properties[key].get === undefined || key === 'BlockList') && /^(?!default$)[A-Za-z_$][\\w$]*$/.test(key));
    return ['node:' + name.replace('node:', ''), plain];
  })))`;
  return JSON.parse(execFileSync(node, ['-p', script], { stdio: ['ignore', 'pipe', 'ignore'], encoding: 'utf8' }));
}

export async function bundle() {
  const dist = join(root, 'dist');
  rmSync(dist, { recursive: true, force: true });
  await build({
    absWorkingDir: root,
    entryPoints: { main: 'src/main.ts', 'storage-worker': 'src/storage/sqlite/worker.ts' },
    outdir: dist,
    bundle: true,
    splitting: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minifySyntax: true,
    minifyWhitespace: true,
    sourcemap: 'linked',
    sourcesContent: false,
    legalComments: 'none',
    // Bundled CommonJS packages ask for Node's own modules with require().
    banner: { js: "import { createRequire as __createRequire } from 'node:module'; const require = __createRequire(import.meta.url);" },
    external: ['cpu-features', '*.node'],
    logLevel: 'warning',
    plugins: [builtinsWithoutFacade],
  });
  // In a process of its own: this one may be an older Node, which does not read TypeScript.
  execFileSync(node, [join(root, 'hack', 'descriptions.ts'), join(dist, 'descriptions.json')], { stdio: ['ignore', 'ignore', 'inherit'] });
  writeFileSync(join(dist, 'coracle.mjs'), entry);
}

/**
 * The compile cache must be on before the bundle is read. An agent makes little garbage at a time: its young generation never grows; and
 * of its functions only the busiest are worth an optimizing compiler, whose own pages are megabytes.
 */
const entry = `import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
if (process.argv[2] === 'agent') {
  for (const flag of ['--semi-space-growth-factor=1', '--invocation-count-for-maglev=10000', '--invocation-count-for-turbofan=50000']) setFlagsFromString(flag);
}
enableCompileCache(join(import.meta.dirname, 'cache'));
await import('./main.js');
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();
