import { describe, expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { CONDITIONS } from './conditions.ts';
import { fixed } from './policies/baselines.ts';
import { ours } from './policies/ours.ts';
import type { Allocation, ClusterView, Policy } from './policy.ts';
import { simulate, type PolicyResult } from './simulate.ts';
import { Simulation } from './simulation.ts';
import { drawTrace, traceFromCsv } from './trace.ts';
import { trueTable } from './truth.ts';

const QUIET = {
  ...CONDITIONS,
  noise: 0,
  hoursBetweenFailures: Infinity,
  hoursBetweenPreemptions: Infinity,
  stragglers: 0,
};

/** A policy that checks what it is shown before it answers. */
function watched(policy: Policy, inspect: (view: ClusterView, answer: Allocation) => void): Policy {
  return {
    ...policy,
    allocate: (view) => {
      const answer = policy.allocate(view);
      inspect(view, answer);
      return answer;
    },
  };
}

describe('the simulation', () => {
  const trace = drawTrace({ jobs: 40, seed: 3, devices: 64, load: 0.6 });

  it('ends every job, is the same for the same seed, and is another for another', () => {
    const run = (seed: number): readonly PolicyResult[] =>
      simulate({ jobs: 25, seed, policies: ['ours', 'cpu'] });
    expect(run(5)).toEqual(run(5));
    expect(run(6)).not.toEqual(run(5));
    for (const { jobs, meanHours, deviceHours } of run(5)) {
      expect(jobs).toBe(25);
      expect(meanHours).toBeGreaterThan(0);
      expect(deviceHours).toBeGreaterThan(0);
    }
  });

  it('takes as long as the true function says where nothing happens', () => {
    const [job] = trace;
    const [result] = new Simulation([job!], fixed(4), QUIET, 1).run();
    // A device of 64 is hardly contention; what it is, four devices at the start of the run, is known.
    const rate = trueTable(job!, 4 / 64)[4]!;
    const expected = QUIET.startSeconds + job!.tiles / rate;
    expect(result!.completionSeconds / expected).toBeCloseTo(1, 1);
    expect(result!.deviceSeconds / (4 * result!.completionSeconds)).toBeCloseTo(1, 6);
  });

  it('never holds more devices than are up, and shows no policy what is true', () => {
    let passes = 0;
    const policy = watched(ours(), (view, { workers }) => {
      passes += 1;
      const held = view.jobs.reduce((sum, job) => sum + job.workers, 0);
      const asked = view.jobs.reduce((sum, job) => sum + (workers.get(job.id) ?? job.workers), 0);
      expect(held).toBeLessThanOrEqual(view.capacity);
      expect(asked).toBeLessThanOrEqual(view.capacity);
      for (const job of view.jobs) {
        expect(job).not.toHaveProperty('truth');
        expect(job).not.toHaveProperty('tiles');
      }
    });
    const results = new Simulation(trace, policy, CONDITIONS, 3).run();
    expect(results).toHaveLength(trace.length);
    expect(passes).toBeGreaterThan(100);
  });

  it('has thousands of workers in seconds', () => {
    const began = performance.now();
    const [result] = simulate({
      jobs: 40,
      seed: 2,
      policies: ['ours'],
      conditions: { nodes: 500, devicesPerNode: 8 },
    });
    expect(result!.jobs).toBe(40);
    // Generous: it is a few seconds on one old processor.
    expect(performance.now() - began).toBeLessThan(60_000);
  });

  it('refuses what makes no cluster', () => {
    expect(() => simulate({ jobs: 0 })).toThrow(WsiError);
    expect(() => simulate({ load: Number.NaN })).toThrow('load must be a number above 0');
    expect(() => simulate({ conditions: { nodes: 1.5 } })).toThrow('whole number');
  });
});

it('holds what docs/autoscaling.md says of 200 jobs', () => {
  const results = simulate({
    jobs: 200,
    seed: 9001,
    policies: ['ours', 'oracle', 'optimus', 'pollux', 'cpu'],
  });
  const mean = (policy: string): number => results.find((one) => one.policy === policy)!.meanHours;
  expect(mean('ours') / mean('oracle')).toBeLessThan(1.05);
  for (const policy of ['optimus', 'cpu']) {
    expect(mean('ours') / mean(policy)).toBeLessThan(0.85);
  }
  // A draw, see there.
  expect(mean('ours') / mean('pollux')).toBeLessThan(1.02);
});

describe('a trace from a file', () => {
  const header = 'arrival_seconds,encoder,patch_size,tiles';

  it('is read in order of arrival', () => {
    const jobs = traceFromCsv(`${header}\n60,resnet18,224,5000\n0,tiny,64,900\n`, 1, 'trace.csv');
    expect(jobs.map(({ arrivalSeconds, tiles }) => [arrivalSeconds, tiles])).toEqual([
      [0, 900],
      [60, 5000],
    ]);
    expect(jobs[1]!.shape).toMatchObject({ encoder: 'resnet18', patchSize: 224 });
  });

  it('is refused with the line that is wrong', () => {
    const at = (text: string) => () => traceFromCsv(text, 1, 'trace.csv');
    expect(at(`${header}\n0,tiny,64,none\n`)).toThrow('"none" is not a number');
    expect(at('a,b\n1,2\n')).toThrow('has no column');
    expect(at(header)).toThrow('has no jobs');
    expect(at(`${header}\n0,vgg,64,1\n`)).toThrow('"vgg" is not one of');
  });
});
