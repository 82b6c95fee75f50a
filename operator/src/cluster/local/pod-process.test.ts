import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { systemClock } from '@wsi-operator/foundation';
import type { Launch } from './launch.ts';
import { LogFile } from './log-file.ts';
import { PodProcess } from './pod-process.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-pod-process-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

it('takes with it what a killed process has left in its directory of temporary files', async () => {
  const temporaryDirectory = join(directory, 'tmp', 'pod');
  const found = join(directory, 'found');
  // Says what it sees of its directory, and is killed while a file of it is there.
  const script = `mktemp -d "$TMPDIR/left-XXXXXX" > '${found}'; kill -9 $$`;
  const launch: Launch = {
    command: '/bin/sh',
    arguments: ['-c', script],
    environment: { PATH: process.env['PATH'] ?? '', TMPDIR: temporaryDirectory },
    directories: [],
    workingDirectory: undefined,
    terminationFile: join(directory, 'termination'),
    temporaryDirectory,
  };
  const ended = await new Promise<PodProcess>((resolve) => {
    const log = new LogFile(join(directory, 'logs'), 'pod');
    new PodProcess({ metadata: { name: 'pod' } }, launch, { clock: systemClock, log, onEnd: resolve });
  });
  expect(ended.pod.status?.containerStatuses?.[0]?.state?.terminated?.exitCode).toBe(137);
  expect(await readFile(found, 'utf8')).toMatch(/tmp\/pod\/left-/);
  expect(existsSync(temporaryDirectory)).toBe(false);
});
