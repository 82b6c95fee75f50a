import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import { lockOutput } from '@wsi-operator/operator';
import { localStatus } from '../commands/status.ts';
import { processTerminal } from '../cluster/terminal.ts';
import { isRunPath, localRuns, phaseOfRun, runDetails, runTable } from './run-status.ts';

const now = Date.parse('2026-01-01T01:00:00Z');
const running: WsiTrainingJobStatus = {
  phase: 'Running',
  message: 'training',
  startTime: '2026-01-01T00:00:00Z',
  progress: { step: 18, steps: 40, epoch: 1, epochs: 4, fraction: 0.45, eta: '1m 20s' },
  workers: { summary: '2/2' },
  checkpoint: { step: 10 },
};

describe('the status of runs on this machine', () => {
  let directory: string;
  const run = (name: string, status?: WsiTrainingJobStatus): string => {
    const path = join(directory, name);
    mkdirSync(path);
    writeFileSync(join(path, 'job.json'), JSON.stringify({ name: `job-${name}` }));
    if (status !== undefined) writeFileSync(join(path, 'status.json'), JSON.stringify(status));
    return path;
  };
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsi-status-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('shows how far a run is, and the time left', async () => {
    const path = run('a', running);
    const lock = lockOutput(path, '');
    try {
      const [found] = await localRuns(path);
      const text = runDetails(found!, { columns: 100, now });
      expect(text).toMatch(/^Run +job-a in .*\nPhase +Running, training, started 1h ago$/m);
      expect(text).toMatch(/step 18\/40 {2}epoch 2\/4 {2}ETA 1m 20s$/m);
      expect(text).toMatch(/^Checkpoint +after step 10$/m);
    } finally {
      lock.release();
    }
  });

  it('shows the newest checkpoint on disk, even one newer than the stored status', async () => {
    const path = run('a', { ...running, phase: 'Suspended' });
    for (const step of ['10', '18']) {
      mkdirSync(join(path, 'checkpoints', `step-000000${step}`), { recursive: true });
    }
    mkdirSync(join(path, 'checkpoints', '.step-00000019.tmp'));
    const [stopped] = await localRuns(path);
    expect(runDetails(stopped!, { columns: 100, now })).toMatch(/^Checkpoint +after step 18$/m);
  });

  it('shows a run without a live process as interrupted, whatever its last status says', async () => {
    const [gone] = await localRuns(run('gone', running));
    expect(phaseOfRun(gone!)).toBe('Interrupted');
    const text = runDetails(gone!, { columns: 100, now });
    expect(text).toMatch(/no process of it is there/);
    expect(text).not.toMatch(/ETA/);
    const [stopped] = await localRuns(run('stopped', { ...running, phase: 'Suspended' }));
    expect(phaseOfRun(stopped!)).toBe('Stopped');
    const elsewhere = run('elsewhere', running);
    mkdirSync(join(elsewhere, '.wsi'));
    const owner = { pid: 1, started: 'x', host: `not-${hostname()}` };
    writeFileSync(join(elsewhere, '.wsi', 'lock.json'), JSON.stringify({ owner, token: 'x' }));
    const [other] = await localRuns(elsewhere);
    expect(phaseOfRun(other!)).toBe('Running');
    expect(runDetails(other!, { columns: 100, now })).toMatch(/on another machine/);
  });

  it('has a line for each run below a directory', async () => {
    run('b', { ...running, phase: 'Succeeded' });
    run('a');
    mkdirSync(join(directory, 'data'));
    const rows = runTable(await localRuns(directory), now)
      .trim()
      .split('\n')
      .map((row) => row.split(/ {2,}/).slice(0, 3));
    expect(rows).toEqual([
      ['RUN', 'PHASE', 'STEP'],
      ['job-a', 'Interrupted', '-'],
      ['job-b', 'Succeeded', '18/40'],
    ]);
  });

  it('can be printed as JSON, and is an error where there is no run', async () => {
    const path = run('a', running);
    const written: string[] = [];
    const terminal = { ...processTerminal, columns: 100, out: (text: string) => void written.push(text) };
    expect(await localStatus([path], { output: 'json' }, terminal)).toBe(0);
    expect(JSON.parse(written.join(''))).toMatchObject({ name: 'job-a', status: { phase: 'Running' } });
    await expect(localRuns(join(directory, 'none'))).rejects.toThrow(/there is no such directory/);
    await expect(localRuns(join(path))).resolves.toHaveLength(1);
    mkdirSync(join(directory, 'empty'));
    await expect(localRuns(join(directory, 'empty'))).rejects.toThrow(/holds no run/);
    expect([isRunPath('demo'), isRunPath('./demo'), isRunPath(path)]).toEqual([false, true, true]);
  });

  it('is shown for an existing directory given by its bare name, unless a cluster is named', () => {
    // `tools` is a directory of the repository, in which the tests are started.
    expect([isRunPath('tools'), isRunPath('tools', {}), isRunPath('package')]).toEqual([true, true, false]);
    expect(isRunPath('tools', { namespace: 'lab' })).toBe(false);
  });
});
