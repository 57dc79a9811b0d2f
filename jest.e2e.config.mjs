import base from './jest.config.mjs';

/** Tests that change this machine (containers, interfaces, packet filter): one after the other. */
export default {
  ...base,
  roots: ['<rootDir>/test/e2e', '<rootDir>/src'],
  testPathIgnorePatterns: ['/node_modules/'],
  testMatch: ['<rootDir>/test/e2e/**/*.test.ts', '**/*.root.test.ts'],
};
