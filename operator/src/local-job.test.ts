import { availableParallelism } from 'node:os';
import { describe, expect, it } from '@jest/globals';
import { buildJob } from './testing/builders.ts';
import { localJob } from './local-job.ts';

const storage = {
  data: { claimName: 'slides', mountPath: '/data', readOnly: true },
  output: { claimName: 'runs' },
} as const;

describe('localJob', () => {
  it('leaves a job alone that has nothing of a cluster, but for the clean-up', () => {
    const job = buildJob({ runPolicy: { cleanPodPolicy: 'None', ttlSecondsAfterFinished: 5 } });
    const local = localJob(job);
    expect(local.notices).toEqual([]);
    expect(local.job.spec.runPolicy).toEqual({ backoffLimit: 3, cleanPodPolicy: 'All' });
    expect({ ...local.job.spec, runPolicy: job.spec.runPolicy }).toEqual(job.spec);
  });

  it('leaves out what has no effect on this machine, and says so', () => {
    const { job, notices } = localJob(
      buildJob({
        storage,
        runPolicy: { gang: 'kueue', queue: 'research', managedBy: 'kueue.x-k8s.io/multikueue' },
        cohort: { s3: { secretName: 'keys', forcePathStyle: true } },
      }),
    );
    expect(job.spec.storage).toEqual({});
    expect(job.spec.cohort.s3).toEqual({ forcePathStyle: true });
    expect(Object.keys(job.spec.runPolicy)).not.toContain('managedBy');
    expect(notices).toHaveLength(4);
    // The cohort of the builder is below the claim's path.
    expect(notices[0]).toMatch(
      /^storage\.data .*: \/data is read as it is here, or .*--set cohort\.table=FILE/,
    );
    expect(notices[1]).toContain('--output');
    expect(notices[2]).toContain('runPolicy.gang kueue');
    expect(notices[3]).toContain('AWS_*');
  });

  it('sizes by the processors of this machine, and raises and replaces nothing on it', () => {
    const { job, notices } = localJob(buildJob({ autoscaling: {} }));
    expect(job.spec.autoscaling).toMatchObject({
      maximumWorkers: availableParallelism(),
      memory: { raise: false },
      stragglers: { replace: false },
    });
    expect(notices).toEqual([expect.stringContaining('as many as there are processors')]);
    const chosen = localJob(buildJob({ autoscaling: { maximumWorkers: 40 } }));
    expect(chosen.job.spec.autoscaling?.maximumWorkers).toBe(40);
    expect(chosen.notices).toEqual([]);
  });

  it('says nothing of other paths where the cohort is not below the claim', () => {
    const { notices } = localJob(
      buildJob({
        storage: { data: storage.data },
        cohort: { table: '/home/me/a.csv', slides: 's3://slides' },
      }),
    );
    expect(notices).toEqual(['storage.data (claim slides) is for a cluster and has no effect here']);
  });
});
