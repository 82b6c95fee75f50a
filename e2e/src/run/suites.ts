/** Runs the suites with jest, one after the other, and counts what came of them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import { SESSION_VARIABLE } from '../suite/session.ts';
import { LOGS_VARIABLE } from './evidence.ts';

const PACKAGE = new URL('../../', import.meta.url).pathname;
const SUITES = join(PACKAGE, 'src/suite');
const JEST = join(PACKAGE, '../node_modules/jest/bin/jest.js');
const ENDING = '.e2e.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

/**
 * In the order in which they run, which matters where the time is limited: what the others rest on and takes little, then
 * what the product promises most, then what one of its parts does.
 */
const ORDER = [
  'refusals',
  'training',
  'faults',
  'security',
  'resources',
  'upgrade',
  'tenants',
  'cli',
  'privacy',
  'policies',
  'autoscaling',
  'gangs',
  'kueue',
];

export function suiteNames(): string[] {
  const found = readdirSync(SUITES)
    .filter((name) => name.endsWith(ENDING))
    .map((name) => name.slice(0, -ENDING.length));
  const place = (name: string): number => (ORDER.includes(name) ? ORDER.indexOf(name) : ORDER.length);
  return found.sort((a, b) => place(a) - place(b) || a.localeCompare(b));
}

/** @throws WsiError `InvalidArgument` for a name that no suite has */
export function chosenSuites(only: readonly string[]): string[] {
  const names = suiteNames();
  const strange = only.filter((name) => !names.includes(name));
  if (strange.length > 0) {
    throw new WsiError('InvalidArgument', `there is no suite ${strange.join(', ')}`, {
      remedy: `There are: ${names.join(', ')}`,
    });
  }
  return only.length === 0 ? names : names.filter((name) => only.includes(name));
}

export interface SuiteFiles {
  /** Describes to the suite what it has at hand. */
  readonly session: string;
  /** Where jest may write its report. */
  readonly results: string;
  /** Folder for the logs of components that the suite starts, and for the evidence of failures. */
  readonly logs: string;
}

export async function runSuite(name: string, files: SuiteFiles, signal: AbortSignal): Promise<Counts> {
  const { session, results, logs } = files;
  const child = spawn(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      JEST,
      `--config=${join(PACKAGE, 'jest.config.mjs')}`,
      '--runInBand',
      '--json',
      `--outputFile=${results}`,
      '--runTestsByPath',
      join(SUITES, `${name}${ENDING}`),
    ],
    // Jest writes its report to the standard output too, where the closing line belongs.
    {
      env: { ...process.env, [SESSION_VARIABLE]: session, [LOGS_VARIABLE]: logs },
      stdio: ['ignore', 'ignore', 'inherit'],
      signal,
    },
  );
  child.on('error', () => undefined);
  await once(child, 'close');
  if (!existsSync(results)) {
    throw new WsiError('Internal', `the suite ${name} ended without a result`);
  }
  return countsOf(JSON.parse(readFileSync(results, 'utf8')) as JestReport);
}

export interface JestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly numRuntimeErrorTestSuites: number;
}

/** A file that could not even be read is a failure. */
export function countsOf(report: JestReport): Counts {
  return {
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.numRuntimeErrorTestSuites,
    skipped: report.numPendingTests + report.numTodoTests,
  };
}

export function sum(counts: readonly Counts[]): Counts {
  const total = (key: keyof Counts): number => counts.reduce((sofar, one) => sofar + one[key], 0);
  return { passed: total('passed'), failed: total('failed'), skipped: total('skipped') };
}
