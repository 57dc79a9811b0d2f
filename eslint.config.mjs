import eslint from '@eslint/js';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

/** Which folder may use a third-party package (style: one folder a package). Tests and hack are free. */
const owners = {
  pino: 'src/base',
  yaml: 'src/api',
  re2js: 'src/api',
  'sorted-btree': 'src/registry',
  jose: 'src/auth',
  '@peculiar/x509': 'src/auth',
  dockerode: 'src/agent',
  express: 'src/agent',
  dns2: 'src/dns',
  'http-proxy-3': 'src/apiserver',
  commander: 'src/cmd',
};
const folders = [
  'src/base',
  'src/api',
  'src/storage',
  'src/registry',
  'src/client',
  'src/resources',
  'src/auth',
  'src/admission',
  'src/controllers',
  'src/scheduler',
  'src/agent',
  'src/proxy',
  'src/dns',
  'src/apiserver',
  'src/cmd',
];

export default tseslint.config(
  { ignores: ['node_modules', 'dist', '.cache', 'src/api/generated', 'coverage'] },
  eslint.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    languageOptions: { parserOptions: { projectService: { allowDefaultProject: ['*.mjs'] }, tsconfigRootDir: import.meta.dirname } },
    linterOptions: { reportUnusedDisableDirectives: 'error' },
    rules: {
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/no-explicit-any': 'error',
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/prefer-readonly': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_', ignoreRestSiblings: true }],
      '@typescript-eslint/consistent-type-imports': ['error', { disallowTypeAnnotations: false }],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      'no-console': 'error',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportDefaultDeclaration', message: 'Name what you export.' },
        { selector: 'Program > VariableDeclaration[kind="let"]', message: 'No module-level mutable state: pass it in.' },
      ],
      'max-lines': ['error', { max: 500 }],
      'max-lines-per-function': ['error', { max: 80, skipBlankLines: true, skipComments: true }],
      'max-params': ['error', 4],
      eqeqeq: 'error',
    },
  },
  ...folders.map((folder) => ({
    files: [`${folder}/**/*.ts`],
    ignores: ['**/*.test.ts', '**/testing/**'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          paths: Object.entries(owners)
            .filter(([, owner]) => owner !== folder)
            .map(([name, owner]) => ({ name, message: `Only ${owner} knows this package.` })),
        },
      ],
    },
  })),
  {
    files: ['**/*.test.ts', 'test/**/*.ts', '**/contract.ts', '**/testing/**/*.ts'],
    plugins: { jest },
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/expect-expect': 'off',
      'jest/no-standalone-expect': 'off',
      'jest/no-export': 'off',
      'jest/no-conditional-expect': 'off',
      'jest/valid-title': 'off',
      'max-lines-per-function': 'off',
      'no-restricted-syntax': 'off',
      'max-lines': ['error', { max: 700 }],
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
  {
    files: ['hack/**', 'test/**', 'conformance/**', '*.mjs'],
    rules: { 'no-console': 'off' },
  },
  {
    files: ['**/*.mjs'],
    ...tseslint.configs.disableTypeChecked,
    languageOptions: {
      ...tseslint.configs.disableTypeChecked.languageOptions,
      globals: {
        process: 'readonly',
        console: 'readonly',
        setTimeout: 'readonly',
        setInterval: 'readonly',
        performance: 'readonly',
        fetch: 'readonly',
        Buffer: 'readonly',
        URL: 'readonly',
        clearTimeout: 'readonly',
      },
    },
    rules: {
      ...tseslint.configs.disableTypeChecked.rules,
      '@typescript-eslint/explicit-module-boundary-types': 'off',
      'no-restricted-syntax': 'off',
    },
  },
);
