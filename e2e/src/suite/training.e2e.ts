/** A job on the cluster, from `kubectl apply` to its end, and the same manifest on this machine. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { run } from '@wsi-operator/cluster';
import { prepareNamespace, untilEmpty } from './prepared-namespace.ts';
import { Session, WAIT } from './session.ts';
import { makeCohortHere } from './synthetic-cohort.ts';
import { trainingJob } from './training-job.ts';

const NAMESPACE = 'e2e-training';
const REPOSITORY = new URL('../../../', import.meta.url).pathname;

const session = new Session();
let directory: string;

prepareNamespace(session, NAMESPACE);
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-e2e-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

describe('a job', () => {
  it('ends in Succeeded with the parameters that `wsi run` makes of the same manifest', async () => {
    const job = trainingJob({ name: 'first', namespace: NAMESPACE, epochs: 4 });
    await session.apply(job);
    const running = await session.untilCondition('first', NAMESPACE, 'Running');
    // It runs with its first worker; the second may still be starting.
    expect(running.workers.desired).toBe(2);
    expect(running.workers.summary).toMatch(/^[12]\/2$/);
    const table = await session.kubectl(['get', 'wtj', '-n', NAMESPACE]);
    expect(table.split('\n')[0]).toMatch(/NAME\s+PHASE\s+PROGRESS\s+ETA\s+WORKERS\s+TILES\/S\s+AGE/);
    const status = await session.untilCondition('first', NAMESPACE, 'Succeeded');
    expect(status.phase).toBe('Succeeded');
    expect(status.progress.fraction).toBe(1);
    expect(status.parametersSha256).toMatch(/^[0-9a-f]{64}$/);
    expect(status.parametersSha256).toBe(await digestOfLocalRun(job));
    const events = await session.kubectl(['get', 'events', '-n', NAMESPACE]);
    for (const reason of ['PodsCreated', 'PodsReady', 'TrainingCompleted']) {
      expect(events).toContain(reason);
    }
  });

  it('leaves nothing behind when deleted, not even its claim', async () => {
    await session.kubectl(['delete', 'wtj', 'first', '-n', NAMESPACE, '--wait=true', WAIT]);
    await untilEmpty(session, NAMESPACE);
    await session.until('the claim of its output is gone', async () => {
      const claim = await session.get('pvc', 'first-output', NAMESPACE);
      return claim === undefined ? { done: undefined } : { seen: claim.metadata };
    });
  });
});

async function digestOfLocalRun(job: object): Promise<string> {
  const set = await makeCohortHere(join(directory, 'cohort'));
  const manifest = join(directory, 'job.json');
  const output = join(directory, 'output');
  await writeFile(manifest, JSON.stringify(job));
  const wsi = [process.execPath, join(REPOSITORY, 'cli/src/main.ts'), 'run', manifest, '--no-report'];
  const [file = '', ...args] = [...wsi, '--output', output, ...set.flatMap((one) => ['--set', one])];
  await run(file, args, { timeoutSeconds: 240 });
  const result = JSON.parse(await readFile(join(output, 'result.json'), 'utf8')) as {
    parametersSha256: string;
  };
  return result.parametersSha256;
}
