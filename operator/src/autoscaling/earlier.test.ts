import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { AutoscalingStatus } from '@wsi-operator/api';
import { thisMachine, type Machine } from '../cluster/local/machine.ts';
import { ModelStore } from '../cluster/local/model-store.ts';
import { buildJob } from '../testing/builders.ts';
import { modelSought } from './earlier.ts';

const shape = 'tiny/attention/224/16/cpu/1';
const other = (
  name: string,
  minute: number,
  changes: Partial<AutoscalingStatus> = {},
  namespace = 'default',
) => ({
  name,
  namespace,
  status: {
    autoscaling: { shape, model: `model of ${name}`, time: `2030-01-01T00:0${minute}:00Z`, ...changes },
  },
});

describe('the model of an earlier job', () => {
  const job = buildJob({ autoscaling: {} });

  it('is the newest of the same shape in the same namespace, of another job', () => {
    const jobs = [
      other('fold-0', 1),
      other('fold-1', 3),
      other('fold-2', 2),
      other('elsewhere', 9, {}, 'secret'),
      other('larger', 8, { shape: 'resnet18/attention/224/16/cpu/1' }),
      other('lung', 7),
      { name: 'new', namespace: 'default', status: undefined },
    ];
    expect(modelSought(job, undefined)?.among(jobs)).toEqual({ job: 'fold-1', model: 'model of fold-1' });
    expect(modelSought(job, 'gpu')?.among(jobs)).toBeUndefined();
  });

  it('is for the device that the template asks for, until it is measured', () => {
    const resources = { limits: { 'nvidia.com/gpu': 1 } };
    const worker = { spec: { containers: [{ name: 'trainer', resources }] } };
    const onGpu = buildJob({ autoscaling: {}, templates: { worker } });
    const jobs = [other('cpu', 1), other('gpu', 1, { shape: 'tiny/attention/224/16/gpu/1' })];
    expect(modelSought(onGpu, undefined)?.among(jobs)?.job).toBe('gpu');
    expect(modelSought(onGpu, 'cpu')?.among(jobs)?.job).toBe('cpu');
  });

  it('is not sought by a job that has its own', () => {
    const measured = buildJob({ autoscaling: {}, status: { autoscaling: { model: '{}' } } });
    expect(modelSought(measured, undefined)?.among([other('fold-0', 1)])).toBeUndefined();
  });
});

describe('models on this machine', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsi-test-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('are kept by shape, the last one of each', async () => {
    const models = join(directory, 'models');
    const run = (model: string) => buildJob({ status: { autoscaling: { shape, model } } });
    await new ModelStore(models).keep(run('first'));
    await new ModelStore(models).keep(run('second'));
    await new ModelStore(models).keep(buildJob());
    const [own] = readdirSync(models).map((name) => join(models, name));
    expect(readdirSync(own!).length).toBe(1);
    const job = buildJob({ autoscaling: {} });
    expect(await new ModelStore(models).earlierModel(job, undefined)).toEqual({
      job: 'lung',
      model: 'second',
    });
    expect(await new ModelStore(models).earlierModel(job, 'gpu')).toBeUndefined();
    writeFileSync(join(own!, readdirSync(own!)[0]!), '{"job":"lu');
    expect(await new ModelStore(models).earlierModel(job, undefined)).toBeUndefined();
  });

  it('are not shared with other users, nor with other machines that have the same folder', async () => {
    const [mine, theirs] = [process.getuid!(), process.getuid!() + 1];
    await new ModelStore(directory, mine).keep(buildJob({ status: { autoscaling: { shape, model: 'm' } } }));
    const job = buildJob({ autoscaling: {} });
    const found = async (...asked: [number, Machine?]): Promise<unknown> =>
      (await new ModelStore(directory, ...asked).earlierModel(job, undefined))?.model;
    expect(await found(mine)).toBe('m');
    expect(await found(theirs)).toBeUndefined();
    expect(await found(mine, { ...thisMachine(), host: 'another' })).toBeUndefined();
    expect(await found(mine, { ...thisMachine(), processors: 1024 })).toBeUndefined();
    const [own] = readdirSync(directory);
    expect(statSync(join(directory, own!)).mode & 0o077).toBe(0);
  });

  it('need not be there', async () => {
    const job = buildJob({ autoscaling: {} });
    expect(await new ModelStore(join(directory, 'none')).earlierModel(job, undefined)).toBeUndefined();
  });
});
