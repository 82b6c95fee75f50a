/** What a simulated run trains: a small job, its model without a network, its bags, and the welcome of its workers. */
import { jobFromText, type WsiTrainingJob } from '@wsi-operator/api';
import { bytesOf, type Welcome } from '@wsi-operator/protocol';
import { createHead } from '../../heads/index.ts';
import type { PlannedBag } from '../../plan/bags.ts';
import type { Model } from '../../plan/model.ts';
import type { ParameterSpace } from '../../plan/parameter-space.ts';
import { bodyLength, embeddingSize } from './worker.ts';

/** @param selects whether the best of six epochs is kept, with a patience of one, instead of the last of two */
export function simulatedJob(staleness: number, selects = false): WsiTrainingJob {
  const split = selects ? 'split: { validation: 0.2 }, ' : '';
  const epochs = selects ? 'epochs: 6, selection: { metric: logLoss, patience: 1 }' : 'epochs: 2';
  return jobFromText(
    `apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: { name: simulated }
spec:
  cohort: { table: cohort.csv, slides: slides, ${split}outcome: { type: classification, column: label } }
  patches: { size: 64, level: 0 }
  model: { encoder: { name: tiny }, aggregator: { name: attention }, head: { name: classification } }
  training: { ${epochs}, slidesPerStep: 2, staleness: ${staleness}, optimizer: { name: adamw, learningRate: 0.01 },
    gradientClipping: 0.5, averaging: { decay: 0.6 } }
  checkpoint: { everySteps: 3, keep: 2 }
`,
    'simulated.yaml',
    { overrides: [] },
  );
}

export function simulatedModel(): Model {
  const head = createHead({ name: 'classification', classes: 2, hidden: 0 }, embeddingSize);
  const headLength = head.parameters.reduce((sum, tensor) => sum + tensor.length, 0);
  const length = bodyLength + headLength;
  const space = {
    bodyLength,
    length,
    initial: () => Float32Array.from({ length }, (_, index) => Math.sin(1 + index)),
    decayRanges: () => [{ start: 0, end: bodyLength }],
    rateRanges: [
      { start: 0, end: 3, factor: 0 },
      { start: 5, end: 20, factor: 0.5 },
    ],
    named: (values: Float32Array) => [{ name: 'all', shape: [length], values }],
    flat: (named: ReadonlyMap<string, { values: Float32Array }>) =>
      Float32Array.from(named.get('all')!.values),
  };
  return {
    head,
    space: space as unknown as ParameterSpace,
    description: { classes: ['a', 'b'] as readonly string[] } as Model['description'],
  };
}

/** Five bags of one to four blocks to train on, one to validate with. */
export function simulatedBags(): PlannedBag[] {
  return [1, 3, 2, 4, 1, 2].map((count, bag) => {
    const blocks = Array.from({ length: count }, (_, block) => {
      const tiles = 1 + ((bag + block) % 3);
      const coordinates = Int32Array.from(
        { length: 2 * tiles },
        (_of, index) => 64 * (bag + 7 * block + index),
      );
      return {
        block: { slide: `slide-${bag}`, coordinates: bytesOf(coordinates), orientationSeed: 0 },
        tiles,
        affinity: `slide-${bag}#${block}`,
      };
    });
    const outcome = { type: 'classification', classIndex: bag % 2 };
    const of = {
      patient: `${bag}`,
      bag: `${bag}`,
      slides: [],
      split: bag === 5 ? 'validation' : 'train',
      outcome,
    };
    return {
      case: of as unknown as PlannedBag['case'],
      outcome: { type: 'classification', index: bag % 2 },
      blocks,
      tiles: blocks.reduce((sum, { tiles }) => sum + tiles, 0),
      slides: [],
    };
  });
}

export function simulatedWelcome(generation: number, servers: Welcome['servers']): Welcome {
  return {
    generation,
    network: '',
    patches: '',
    batch: 1,
    servers,
    bodyLength,
    threads: 1,
    cacheBytes: 0,
    heartbeatMilliseconds: 1_000,
    versions: 3,
    store: '',
  };
}
