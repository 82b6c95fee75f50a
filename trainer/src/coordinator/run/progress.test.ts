import { describe, expect, it } from '@jest/globals';
import type { Clock } from '@wsi-operator/foundation';
import { countedTasks } from '../leases/counted-tasks.ts';
import { Progress, unitOfStep } from './progress.ts';

function atTime(): { progress: Progress; pass: (seconds: number) => void } {
  let now = 0;
  const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
  return { progress: new Progress(clock), pass: (seconds) => (now += seconds * 1000) };
}

describe('progress within a step', () => {
  it('has tiles, a rate and the time left before the first step is over', () => {
    const { progress, pass } = atTime();
    progress.begin('training', 0);
    progress.steps = 2;
    expect([progress.stepTilesDone, progress.tilesPerSecond, progress.etaSeconds(2000)]).toEqual([0, 0, 0]);
    pass(10);
    progress.taskDone(unitOfStep(0), 100);
    expect(progress.stepTilesDone).toBe(100);
    expect(progress.tilesPerSecond).toBe(10);
    expect(progress.etaSeconds(2000)).toBe(0);
    pass(190);
    progress.taskDone(unitOfStep(0), 1900);
    expect(progress.etaSeconds(4000)).toBe(200);
  });

  it('estimates the time left without the first steps, which are slower', () => {
    const { progress, pass } = atTime();
    progress.begin('training', 0);
    const left = [50, 2, 2, 2].map((seconds) => {
      pass(seconds);
      progress.stepDone(100);
      return progress.etaSeconds(1000);
    });
    expect(left).toEqual([0, 0, 20, 20]);
  });

  it('counts a step once, dropping its tiles when it is applied', () => {
    const { progress, pass } = atTime();
    progress.begin('training', 0);
    progress.steps = 2;
    pass(200);
    progress.taskDone(unitOfStep(0), 1000);
    // With staleness the next step is under way meanwhile.
    progress.taskDone(unitOfStep(1), 500);
    progress.stepDone(1000);
    expect(progress.stepTilesDone).toBe(500);
    expect(progress.tilesPerSecond).toBe(5);
    expect(progress.etaSeconds(1000)).toBeCloseTo(500 / 7.5);
  });

  it('forgets tiles that are computed again', () => {
    const { progress, pass } = atTime();
    progress.begin('training', 0);
    pass(1);
    progress.taskDone(unitOfStep(0), 10);
    progress.begin('waiting', 0);
    expect(progress.etaSeconds(100)).toBe(0);
    progress.begin('training', 0);
    expect(progress.stepTilesDone).toBe(0);
  });

  it('counts slides and their tiles during the survey', () => {
    const { progress } = atTime();
    progress.beginSurvey(3);
    progress.slideSurveyed(70);
    progress.slideSurveyed(0);
    expect(progress.surveyed).toEqual({ slides: 2, of: 3, tiles: 70 });
    expect(progress.fraction).toBeCloseTo(2 / 3);
  });
});

describe('countedTasks', () => {
  const block = { slide: 's', coordinates: new Uint8Array(8 * 16), orientationSeed: 0 };
  const tasks = {
    embed: { id: 'e', version: 0, embed: { block, attention: false, gather: false } },
    gradient: { id: 'g', version: 0, gradient: { block, step: 3, leaf: 0, leaves: 1 } },
  };
  const options = { priority: 0, affinity: '', subject: 's' };

  it('counts half of the tiles for each pass of a step, and for an evaluation', async () => {
    const done = new Map<string, number>();
    const progress = {
      taskDone: (unit: string, tiles: number) => void done.set(unit, (done.get(unit) ?? 0) + tiles),
    };
    const pool = { run: () => Promise.resolve({}) };
    const step = countedTasks(pool, progress, unitOfStep(3));
    await step.run(tasks.embed, options);
    await step.run(tasks.gradient, options);
    await countedTasks(pool, progress, 'validation').run(tasks.embed, options);
    expect(done).toEqual(
      new Map([
        ['step/3', 16],
        ['validation', 8],
      ]),
    );
  });

  it('does not count a failed task', async () => {
    let reported = 0;
    const pool = { run: () => Promise.reject(new Error('gone')) };
    const counted = countedTasks(pool, { taskDone: () => void (reported += 1) }, unitOfStep(0));
    await expect(counted.run(tasks.embed, options)).rejects.toThrow('gone');
    expect(reported).toBe(0);
  });

  it('reports no steps until it is known where a resumed run continues', () => {
    const { progress } = atTime();
    progress.steps = 40;
    progress.begin('waiting', 0);
    expect([progress.step, progress.knownSteps]).toEqual([0, 0]);
    progress.goOnFrom({ step: 12, tiles: 1200, trainingSeconds: 60 });
    expect([progress.step, progress.knownSteps]).toEqual([12, 40]);
  });
});
