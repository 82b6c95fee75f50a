/** The suites against a cluster: started by `npm run e2e`, never by `npm test`. */
export default {
  rootDir: '..',
  testEnvironment: '<rootDir>/e2e/failure-environment.mjs',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/setup/jest-strip-types.cjs' },
  testMatch: ['<rootDir>/e2e/src/suite/*.e2e.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  // Only what hangs ends by it: programs may have to be built first, and waits end by themselves.
  testTimeout: 5_400_000,
  maxWorkers: 1,
  verbose: true,
};
