/** Native ESM; TypeScript is stripped by Node's own stripper, so tests run the very code that the product runs. */
export default {
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '\\.ts$': '<rootDir>/tools/setup/jest-strip-types.cjs' },
  testMatch: ['**/*.test.ts', '**/*.test.mjs'],
  testPathIgnorePatterns: ['/node_modules/', '/output/'],
  // Only what hangs ends by it: machines that are shared are slow at times.
  testTimeout: 300_000,
  // By itself Jest leaves one core to whoever watches: half of them, where there are two.
  maxWorkers: '100%',
  testSequencer: '<rootDir>/tools/setup/jest-longest-first.cjs',
  reporters: ['default', '<rootDir>/tools/setup/jest-closing-line.cjs'],
};
