'use strict';
// Where no earlier run has left its times, Jest begins with the largest files. What takes minutes could then come last, on
// one core while the others have nothing to do: runs of many processes are begun first.
const { createRequire } = require('node:module');
const { relative, sep } = require('node:path');
// That of the installed Jest itself, wherever the package manager has put it.
const core = createRequire(require.resolve('jest')).resolve('@jest/core');
const Sequencer = createRequire(core)('@jest/test-sequencer').default;

/** What the paths of long tests begin with, the longest first. */
const LONG = [
  'trainer/src/testing/slide-gradient',
  'trainer/src/testing/identical-runs',
  'trainer/src/testing/cheap-faults',
  'tools/bench/src/tissue/',
  'trainer/src/testing/',
  'operator/src/hostile-tenants',
  'e2e/src/storm/',
  'libraries/slides/src/thumbnail',
];

/** Holds durations of one process against those of another: last, when nothing else runs beside it any more. */
const ALONE = 'e2e/src/storm/rescale';

module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const place = ({ path, context }) => {
      const name = relative(context.config.rootDir, path).split(sep).join('/');
      if (name.startsWith(ALONE)) return LONG.length + 1;
      const found = LONG.findIndex((beginning) => name.startsWith(beginning));
      return found < 0 ? LONG.length : found;
    };
    // Stable: among equals, Jest's own order.
    return super.sort(tests).sort((a, b) => place(a) - place(b));
  }
};
