/** Roles in a container: nothing is written but to the output and the directory for temporary files, whoever runs them. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { RoleProcesses } from './role-processes.ts';
import { SMALL_COHORT, syntheticJob } from './synthetic-job.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-restricted-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

it('a run needs no home directory, and writes only to its output', async () => {
  const job = await syntheticJob({
    ...SMALL_COHORT,
    directory: join(directory, 'cohort'),
    slides: 4,
    set: ['training.epochs=1', 'cohort.split={test: 0.25, validation: 0.25}'],
  });
  const [output, temporary] = [join(directory, 'run'), await mkdtemp(join(directory, 'tmp-'))];
  const run = await RoleProcesses.start({
    job,
    output,
    workers: 1,
    servers: 1,
    environment: {
      HOME: '/nowhere',
      TMPDIR: temporary,
      // A write elsewhere fails with ERR_ACCESS_DENIED.
      NODE_OPTIONS: `--permission --allow-fs-read=* --allow-fs-write=${output} --allow-fs-write=${temporary} --allow-worker --allow-addons`,
      WSI_TERMINATION_LOG: join(temporary, 'end'),
    },
    sockets: temporary,
  });
  try {
    expect([await run.finished, run.logs]).toEqual([0, expect.not.stringContaining('ERR_ACCESS_DENIED')]);
  } finally {
    await run.close();
  }
  expect(JSON.parse(await readFile(join(output, 'result.json'), 'utf8'))).toHaveProperty('parametersSha256');
});
