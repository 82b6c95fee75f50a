/** Runs of role processes on a cohort in S3 (moto's): the same bytes as from a directory, and few that are read. */
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { answerError, storeCredentials, storePython, TestStore } from '@wsi-operator/slides/testing';
import { resultOf } from './ended-run.ts';
import { RoleProcesses } from './role-processes.ts';
import { smallJob } from './synthetic-job.ts';

const whenSetUp = storePython === null ? describe.skip : describe;

whenSetUp('a run on a cohort in S3 (skipped without `node tools/setup/setup.mjs --python-reference`)', () => {
  let directory: string;
  let job: WsiTrainingJob;
  let plain: string;
  let server: TestStore;
  let slideBytes = 0;
  const running: RoleProcesses[] = [];
  let runs = 0;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-s3-run-'));
    [server, job] = await Promise.all([
      TestStore.start(),
      smallJob(directory, [
        'training.epochs=3',
        'training.slidesPerStep=2',
        'checkpoint={everySteps: 2, keep: 2}',
      ]),
    ]);
    await server.createBucket('cohorts');
    await upload();
    plain = await finish(await start(job));
  });
  afterEach(async () => {
    server.fault = undefined;
    for (const run of running.splice(0)) await run.close();
  });
  afterAll(async () => {
    await server.close();
    await rm(directory, { recursive: true, force: true });
  });

  async function upload(): Promise<void> {
    const folder = join(directory, 'cohort');
    await server.put('cohorts', 'demo/cohort.csv', await readFile(join(folder, 'cohort.csv')));
    slideBytes = 0;
    for (const name of await readdir(join(folder, 'slides'))) {
      const path = join(folder, 'slides', name);
      slideBytes += (await stat(path)).size;
      await server.put('cohorts', `demo/slides/${name}`, await readFile(path));
    }
  }

  function stored(): WsiTrainingJob {
    const { features: _none, ...rest } = job.spec.cohort;
    const cohort = {
      ...rest,
      table: 's3://cohorts/demo/cohort.csv',
      slides: 's3://cohorts/demo/slides',
      s3: { endpoint: server.endpoint, forcePathStyle: true },
    };
    return { ...job, spec: { ...job.spec, cohort } };
  }

  async function start(of: WsiTrainingJob): Promise<RoleProcesses> {
    const run = await RoleProcesses.start({
      job: of,
      output: join(directory, `run-${runs++}`),
      workers: 2,
      servers: 1,
      environment: storeCredentials,
    });
    running.push(run);
    return run;
  }

  async function finish(run: RoleProcesses): Promise<string> {
    return (await resultOf(run)).parametersSha256;
  }

  it('has the same parameters as one on a directory, and reads little more than the slides', async () => {
    server.resetCounts();
    expect(await finish(await start(stored()))).toBe(plain);
    // These slides are hardly longer than the 64 KiB blocks of their directories: each time that one is opened (survey,
    // two workers, heatmap) it is read whole, and its tiles once more. Caches hold the epochs.
    expect(server.bytes / slideBytes).toBeLessThan(9);
  });

  it('survives a temporarily overloaded store', async () => {
    let refused = 0;
    server.fault = (request, answer) =>
      request.headers.range !== undefined && ++refused % 3 === 0
        ? answerError(answer, 503, 'SlowDown')
        : undefined;
    expect(await finish(await start(stored()))).toBe(plain);
    expect(refused).toBeGreaterThan(20);
  });

  it('ends when a slide is replaced meanwhile, and names it', async () => {
    const run = await start(stored());
    await run.until(({ step }) => step >= 1);
    const name = (await readdir(join(directory, 'cohort', 'slides')))[0]!;
    const original = await readFile(join(directory, 'cohort', 'slides', name));
    await server.put('cohorts', `demo/slides/${name}`, Buffer.concat([original, Buffer.from('changed')]));
    expect(await run.finished).toBe(64);
    expect(await run.terminationMessage('coordinator')).toContain(
      `s3://cohorts/demo/slides/${name}: the slide was replaced or changed during the run.`,
    );
    await run.close();
    // Put back, the run goes on from its checkpoint.
    await upload();
    const again = await RoleProcesses.start({
      job: stored(),
      output: run.output,
      workers: 1,
      servers: 1,
      environment: storeCredentials,
    });
    running.push(again);
    expect(await finish(again)).toBe(plain);
  });
});
