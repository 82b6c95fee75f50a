/** Which GPU each process of a real run on this machine is given, with a substitute for the driver's program. */
import { mkdtempSync, readFileSync, rmSync, watch, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import pino from 'pino';
import { runLocalJob, type LocalRunOptions } from './local-run.ts';
import { buildJob } from './testing/builders.ts';

const script = fileURLToPath(new URL('./testing/role.mjs', import.meta.url));

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-test-'));
  writeFileSync(join(directory, 'trace'), '');
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const trace = (): string[] => readFileSync(join(directory, 'trace'), 'utf8').trimEnd().split('\n');
const seen = (): string[] => trace().filter((line) => line.includes(' sees '));

/** The program says this, and ends so. */
function driver(says: string, code = 0): void {
  const answer = says.replaceAll('\n', '\\n');
  writeFileSync(join(directory, 'nvidia-smi'), `#!/bin/sh\nprintf '${answer}\\n'\nexit ${code}\n`, {
    mode: 0o755,
  });
}

function optionsOf(workers: number): LocalRunOptions {
  // Another test of this process may have hidden all devices from the library that computes.
  const { CUDA_VISIBLE_DEVICES: _hidden, ...environment } = process.env;
  return {
    job: buildJob({ workers }),
    output: join(directory, 'output'),
    logger: pino({ level: 'silent' }),
    entrypoint: [process.execPath, script],
    environment: {
      ...environment,
      PATH: `${directory}:${process.env['PATH'] ?? ''}`,
      TEST_DIRECTORY: directory,
      WSI_TENSORFLOW: 'gpu',
    },
  };
}

describe('a run on a machine with several GPUs', () => {
  it('gives each worker one, in the order of the driver, and the other roles none', async () => {
    driver(['A', 'B'].map((name, at) => `GPU ${at}: NVIDIA ${name} (UUID: GPU-000${name})`).join('\n'));
    const notices: string[] = [];
    const watcher = watch(directory, () => {
      if (seen().length < 5) return;
      // What it writes is seen, too.
      watcher.close();
      writeFileSync(join(directory, 'finish'), '');
    });
    const { outcome } = await runLocalJob({ ...optionsOf(3), onNotice: (notice) => notices.push(notice) });
    expect(outcome).toBe('succeeded');
    expect(seen().sort()).toEqual([
      'coordinator 0 sees -1',
      'server 0 sees -1',
      'worker 0 sees GPU-000A',
      'worker 1 sees GPU-000B',
      'worker 2 sees GPU-000A',
    ]);
    expect(notices).toEqual([expect.stringMatching(/^3 workers share 2 GPUs/)]);
  });

  it('does not begin when their driver does not work', async () => {
    driver('Failed to initialize NVML: Driver/library version mismatch', 18);
    await expect(runLocalJob(optionsOf(1))).rejects.toThrow(/mismatch.*restart the machine/);
    expect(trace()).toEqual(['']);
  });
});
