/** Bundles src/main.ts into dist/ (ES modules, heavy parts as chunks loaded on first use) and writes the documents' prose. */
import { build } from 'esbuild';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Imported as a module, node:http touches all it exports, and so loads Node's own fetch: 20 ms of every start. */
const httpWithoutFacade = {
  name: 'http-without-facade',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:http$/ }, ({ path }) => ({ path, namespace: 'builtin' }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: `module.exports = process.getBuiltinModule('${path}');` }));
  },
};

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
    plugins: [httpWithoutFacade],
  });
  const { writeDescriptions } = await import('./descriptions.ts').catch(() => ({ writeDescriptions: undefined }));
  await writeDescriptions?.(join(dist, 'descriptions.json'));
  writeFileSync(join(dist, 'coracle.mjs'), entry);
}

/** The compile cache must be on before the bundle is read. */
const entry = `import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
enableCompileCache(join(import.meta.dirname, 'cache'));
await import('./main.js');
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) await bundle();
