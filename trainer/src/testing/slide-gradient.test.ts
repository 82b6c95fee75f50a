/**
 * The gradient that a run of real processes applies to the parameters equals backpropagation through one graph that
 * holds all the tiles of a bag at once. Seen from outside: with a momentum too small to matter, the velocity in a
 * checkpoint is the last step's gradient.
 *
 * The gradient of a step is a sum over its bags, which nearly cancel (a Cox loss does not change when all risks grow
 * alike), so the error is taken relative to the norms of the bags' terms. Both sides compute in float32: against
 * float64 the ReLUs of areas of one colour switch together where the activation is 0, in one graph as in many.
 */
import type { TileNetwork } from '@wsi-operator/engine';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { readCohort } from '@wsi-operator/cohort';
import { WholeBagReference } from '@wsi-operator/engine/testing';
import { openSlide, TileReader, tileGrid } from '@wsi-operator/slides';
import { loadCheckpoint } from '../checkpoint/checkpoint.ts';
import { caseOutcome } from '../plan/head-outcome.ts';
import { buildModel, describeModel, type Model } from '../plan/model.ts';
import type { BagOutcome } from '../heads/index.ts';
import { RoleProcesses } from './role-processes.ts';
import { syntheticJob } from './synthetic-job.ts';

/** The batch and the block do not divide the slides' tiles: the last shard and the last block are ragged. */
const steps = 6;
const settings = [
  'patches.batch=5',
  'patches.blockShards=2',
  `training.epochs=${steps}`,
  'checkpoint={everySteps: 1, keep: 2}',
  'training.slidesPerStep=64',
  'training.optimizer={name: sgd, momentum: 1e-30, weightDecay: 0, learningRate: 0.05}',
  'training.schedule={name: constant}',
];

interface ReferenceBag {
  readonly tiles: Uint8Array;
  readonly n: number;
  readonly outcome: BagOutcome;
}

describe.each([
  { task: 'cooccurrence' as const, aggregator: 'attention', head: '{name: classification, hidden: 8}' },
  { task: 'cooccurrence' as const, aggregator: 'mean', head: '{name: classification, hidden: 0}' },
  { task: 'survival' as const, aggregator: 'attention', head: '{name: cox, hidden: 8, ties: efron}' },
])('$aggregator pooling with the head $head', ({ task, aggregator, head }) => {
  let directory: string;
  let job: WsiTrainingJob;
  let model: Model;
  let bags: ReferenceBag[];
  let expected: Reference;
  /** By the number of workers: the run with one is also where the reference starts. */
  const lastSteps = new Map<number, ReturnType<typeof runSteps>>();

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-gradient-'));
    job = await syntheticJob({
      directory: join(directory, 'cohort'),
      slides: 6,
      width: 512,
      height: 448,
      task,
      seed: 4,
      testFraction: 0,
      set: [...settings, `model.aggregator={name: ${aggregator}, hidden: 16}`, `model.head=${head}`],
    });
    await joinPatients(job.spec.cohort.table);
    const cohort = await readCohort(job.spec.cohort, { baseDirectory: '/' });
    model = buildModel(describeModel(job.spec, cohort.classes));
    bags = await Promise.all(
      cohort.cases
        .filter(({ split }) => split === 'train')
        .map(async ({ slides, outcome }) => ({
          ...(await readBag(slides, job)),
          outcome: caseOutcome(outcome),
        })),
    );
    const { before } = await lastStep(1);
    expected = await wholeSlideGradient(model, bags, before);
  });
  afterAll(() => rm(directory, { recursive: true, force: true }));

  /** Runs the job on so many workers, once: the parameters before the last step, and that step's gradient. */
  function lastStep(workers: number): ReturnType<typeof runSteps> {
    const known = lastSteps.get(workers) ?? runSteps(workers);
    lastSteps.set(workers, known);
    return known;
  }

  async function runSteps(workers: number): Promise<{ before: Float32Array; gradient: Float64Array }> {
    const output = join(directory, `run-${workers}`);
    const run = await RoleProcesses.start({ job, output, workers, servers: 2 });
    expect(await run.finished).toBe(0);
    await run.close();
    const [before, after] = await Promise.all(
      [steps - 1, steps].map((step) => loadCheckpoint(join(output, 'checkpoints', `step-0000000${step}`))),
    );
    return {
      before: model.space.flat(before!.tensors, before!.path),
      gradient: Float64Array.from(after!.state['momentum']!),
    };
  }

  it('has a non-trivial reference gradient', () => {
    expect(bags.some(({ n }) => n % 5 !== 0 && n > 10)).toBe(true);
    for (const { name, range } of groupsOf(model)) {
      const norm = Math.hypot(...expected.gradient.subarray(...range));
      expect(`${name}: ${norm > 1e-4 ? 'large enough' : norm}`).toBe(`${name}: large enough`);
    }
  });

  it.each([1, 2, 3])('over %d workers, equals the gradient of one graph', async (workers) => {
    const { gradient } = await lastStep(workers);
    for (const { name, range } of groupsOf(model)) {
      const difference = gradient
        .subarray(...range)
        .map((value, index) => value - expected.gradient[range[0] + index]!);
      const error = Math.hypot(...difference) / expected.scale(range);
      expect(`${name}: ${error < 1e-5 ? 'close' : error}`).toBe(`${name}: close`);
    }
  });
});

/** Gives every pair of slides with the same outcome to one patient, so that some bags span two slides. */
async function joinPatients(table: string): Promise<void> {
  const lines = (await readFile(table, 'utf8')).trimEnd().split('\n');
  const rows = lines.slice(1).map((line) => line.split(','));
  const [first] = rows;
  const partner = rows.slice(1).find((row) => row.slice(2).join() === first!.slice(2).join());
  if (partner !== undefined) partner[0] = first![0]!;
  await writeFile(table, [lines[0], ...rows.map((row) => row.join(','))].join('\n'));
}

async function readBag(
  slides: readonly string[],
  job: WsiTrainingJob,
): Promise<{ tiles: Uint8Array; n: number }> {
  const reader = new TileReader();
  const parts: Uint8Array[] = [];
  let n = 0;
  for (const path of slides) {
    const slide = await openSlide(path);
    const { coordinates, count } = await tileGrid(slide, job.spec.patches);
    await slide.close();
    parts.push(await reader.read({ slide: path, patches: job.spec.patches, coordinates }));
    n += count;
  }
  await reader.close();
  return { tiles: Buffer.concat(parts), n };
}

interface Reference {
  readonly gradient: Float64Array;
  /** The sum of the norms of the terms of a range: one a bag, and the head's. */
  scale(range: readonly [number, number]): number;
}

/** Loss and head here, everything below them by backpropagation through one graph a bag. */
async function wholeSlideGradient(
  model: Model,
  bags: readonly ReferenceBag[],
  start: Float32Array,
): Promise<Reference> {
  const { space, head, description } = model;
  const parameters = start.slice(0, space.bodyLength);
  const { threads } = description;
  const network = description.network as TileNetwork;
  const reference = await WholeBagReference.start({ network, threads });
  try {
    const embeddings: Float64Array[] = [];
    for (const { tiles, n } of bags) {
      embeddings.push(Float64Array.from(await reference.embed({ parameters, tiles, n })));
    }
    const loss = head.lossAndGradient(
      start.slice(space.bodyLength),
      embeddings,
      bags.map(({ outcome }) => outcome),
    );
    const headTerm = new Float64Array(space.length);
    headTerm.set(loss.parameterGradient, space.bodyLength);
    const terms = [headTerm];
    for (const [index, { tiles, n }] of bags.entries()) {
      const bagGradient = Float32Array.from(loss.embeddingGradients[index]!);
      const term = new Float64Array(space.length);
      term.set(await reference.gradient({ parameters, tiles, n }, bagGradient));
      terms.push(term);
    }
    const gradient = headTerm.map((_, at) => terms.reduce((sum, term) => sum + term[at]!, 0));
    const scale = (range: readonly [number, number]): number =>
      terms.reduce((sum, term) => sum + Math.hypot(...term.subarray(...range)), 0);
    return { gradient, scale };
  } finally {
    await reference.close();
  }
}

function groupsOf({ space }: Model): { name: string; range: [number, number] }[] {
  const names = [...new Set(space.tensors.map(({ name }) => name.split('.')[0]!))];
  return names.map((name) => {
    const tensors = space.tensors.filter((tensor) => tensor.name.startsWith(`${name}.`));
    const last = tensors.at(-1)!;
    return { name, range: [tensors[0]!.offset, last.offset + last.length] };
  });
}
