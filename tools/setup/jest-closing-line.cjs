'use strict';
// Ends a test run with one plain line that any runner can read: "N passed, N failed, N skipped".
const { writeSync } = require('node:fs');
module.exports = class ClosingLine {
  onRunComplete(_contexts, results) {
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests + results.numTodoTests;
    const line = `\n${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped\n`;
    // Jest's own summary is written after this call; the plain line is to be the last.
    process.once('exit', () => writeSync(1, line));
  }
};
