/** Tests are ES modules; types are stripped by swc, nothing is type-checked here (npm run check does that). */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }] },
  roots: ['<rootDir>/src', '<rootDir>/test'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/e2e/', '\\.root\\.test\\.ts$'],
  cacheDirectory: '<rootDir>/.cache/jest',
  // A busy machine is slow, not wrong.
  testTimeout: 60_000,
};
