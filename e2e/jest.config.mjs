/** The suites against a cluster: started by `npm run e2e`, never by `npm test`. */
export default {
  rootDir: '..',
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/setup/jest-strip-types.cjs' },
  testMatch: ['<rootDir>/e2e/src/suite/*.e2e.ts'],
  testPathIgnorePatterns: ['/node_modules/'],
  testTimeout: 60_000,
  maxWorkers: 1,
  verbose: true,
};
