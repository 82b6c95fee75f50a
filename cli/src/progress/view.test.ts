import { describe, expect, it } from '@jest/globals';
import type { WsiTrainingJobStatus } from '@wsi-operator/api';
import type { Clock } from '@wsi-operator/foundation';
import { folded, lineDisplay } from './display.ts';
import { barLine, detailLine, formatBytes, formatMetric, plainLine } from './view.ts';

const running: WsiTrainingJobStatus = {
  phase: 'Running',
  message: 'training',
  progress: { step: 18, steps: 40, epoch: 1, epochs: 4, fraction: 0.45, eta: '1m 20s' },
  throughput: { tilesPerSecond: 53.4 },
  metrics: { loss: 0.41234 },
  memory: { workers: 1_234_000_000 },
  workers: { summary: '2/2' },
};

describe('the live view of a run', () => {
  it('shows progress, rate and metrics', () => {
    expect(barLine(running, 100)).toBe(
      `[${'█'.repeat(18).padEnd(40)}]  45%  step 18/40  epoch 2/4  ETA 1m 20s`,
    );
    expect(detailLine(running, 100)).toBe(
      'training  53 tiles/s  loss 0.412  workers 2/2  worker memory 1.2 GB',
    );
    expect(plainLine(running)).toBe(
      'step 18/40 (45%), epoch 2/4, training, 53 tiles/s, loss 0.412, workers 2/2, worker memory 1.2 GB, ETA 1m 20s',
    );
  });

  it('marks the time left as an estimate, and only counts the slides that are left out', () => {
    const { eta: _eta, ...progress } = running.progress ?? {};
    expect(plainLine({ ...running, progress })).toMatch(/, ETA estimating$/);
    expect(barLine({ ...running, progress }, 100)).toMatch(/ {2}ETA estimating$/);
    const message = '2 slides are quarantined: /a.svs: It is torn. /b.svs: It is; and torn.';
    expect(plainLine({ ...running, message })).toMatch(/epoch 2\/4, 2 slides are quarantined, 53 tiles/);
  });

  it('advances within a step, and by slides during the survey', () => {
    const step = { ...running.progress, stepTiles: 98_000, stepTilesDone: 1234 };
    expect(plainLine({ ...running, progress: step })).toContain(
      'training, tiles 1,234/98,000 of the step, 53',
    );
    const survey = { slides: 32, surveyedSlides: 7, surveyedTiles: 9000 };
    expect(plainLine({ phase: 'Running', message: 'surveying 21%', progress: survey })).toContain(
      'slides 7/32',
    );
  });

  it('keeps within the width of the terminal', () => {
    for (let columns = 20; columns < 120; columns += 1) {
      expect(barLine(running, columns).length).toBeLessThanOrEqual(columns);
      expect(detailLine(running, columns).length).toBeLessThanOrEqual(columns);
    }
  });

  it('is not empty before anything is known', () => {
    expect(plainLine({})).toBe('pending, workers 0/0');
    expect(barLine({}, 40)).toMatch(/^\[ +] {3}0%$/);
  });

  it('counts the epoch under way, also after the last', () => {
    const done = { ...running, progress: { ...running.progress, epoch: 4 } };
    expect(plainLine(done)).toContain('epoch 4/4');
  });

  it('shows the metrics of the test patients first', () => {
    const metrics = { 'train.auc': 1, 'train.loss': 0.1, 'validation.auc': 0.8, 'test.auc': 0.7 };
    expect(plainLine({ metrics })).toContain('test.auc 0.700, validation.auc 0.800, train.auc 1.000');
  });

  it('wraps permanent lines', () => {
    const lines = folded('12345678\n9', 5).split('\u001b[K\n');
    expect(lines).toEqual(['12345', '678', '9', '']);
  });

  it('keeps small and large numbers readable', () => {
    expect([0, 0.5, 0.00012, 123456].map(formatMetric)).toEqual(['0.000', '0.500', '1.20e-4', '1.23e+5']);
    expect([999, 512e6, 2.5e9].map(formatBytes)).toEqual(['1 kB', '512 MB', '2.5 GB']);
  });
});

describe('the view without a terminal', () => {
  it('writes a line when the activity changes, and otherwise every ten seconds', () => {
    let now = 0;
    const clock: Clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
    const lines: string[] = [];
    const display = lineDisplay(
      { write: (text: string | Uint8Array) => lines.push(String(text)) > 0 },
      clock,
    );
    for (let step = 0; step < 25; step += 1) {
      display.status({ ...running, progress: { ...running.progress, step } });
      now += 1000;
    }
    expect(lines.map((line) => /step (\d+)/.exec(line)?.[1])).toEqual(['0', '10', '20']);
    display.status({ ...running, message: 'evaluating 3%' });
    display.status({ ...running, message: 'evaluating 4%' });
    expect(lines.length).toBe(4);
  });
});
