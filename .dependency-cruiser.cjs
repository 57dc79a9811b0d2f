/** Imports go down only (see ARCHITECTURE.md); folders of one layer do not know each other. */
const layer = (names) => `^src/(${names.join('|')})/`;
const parts = ['resources', 'auth', 'admission', 'controllers', 'scheduler', 'agent', 'proxy', 'dns', 'ingress', 'dashboard'];
const rightOfTheApi = ['controllers', 'scheduler', 'agent', 'proxy', 'dns', 'ingress', 'dashboard'];

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } } },
    { name: 'base-is-the-floor', severity: 'error', from: { path: '^src/base/' }, to: { path: '^src/', pathNot: '^src/base/' } },
    { name: 'api-knows-base', severity: 'error', from: { path: '^src/api/' }, to: { path: '^src/', pathNot: layer(['base', 'api']) } },
    { name: 'storage-knows-base', severity: 'error', from: { path: '^src/storage/' }, to: { path: '^src/', pathNot: layer(['base', 'storage']) } },
    { name: 'registry', severity: 'error', from: { path: '^src/registry/', pathNot: '\\.test\\.ts$|/testing/' }, to: { path: '^src/', pathNot: `${layer(['base', 'api', 'registry'])}|^src/storage/storage\\.ts$` } },
    { name: 'client', severity: 'error', from: { path: '^src/client/', pathNot: '\\.test\\.ts$' }, to: { path: '^src/', pathNot: layer(['base', 'api', 'client']) } },
    {
      name: 'right-of-the-api',
      comment: 'Controllers, scheduler, agent, proxy, DNS and Ingress know the cluster through client/ alone, so that each runs in another process too.',
      severity: 'error',
      from: { path: layer(rightOfTheApi), pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: layer(['storage', 'registry', 'apiserver', 'cmd']) },
    },
    { name: 'left-of-the-api', severity: 'error', from: { path: layer(['resources', 'auth', 'admission']), pathNot: '\\.test\\.ts$|/testing/' }, to: { path: layer(['storage', 'apiserver', 'cmd']) } },
    ...parts.map((part) => ({
      name: `${part}-stands-alone`,
      severity: 'error',
      from: { path: `^src/${part}/`, pathNot: '\\.test\\.ts$|/testing/' },
      to: { path: layer(parts.filter((other) => other !== part)) },
    })),
    { name: 'apiserver-is-below-cmd', severity: 'error', from: { path: '^src/apiserver/' }, to: { path: layer(['cmd', ...rightOfTheApi]) } },
    { name: 'no-tests-in-code', severity: 'error', from: { path: '^src/', pathNot: '\\.test\\.ts$|contract\\.ts$|/testing/' }, to: { path: '\\.test\\.ts$' } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.mjs', '.js', '.json'] },
  },
};
