/**
 * What the coordinator's pod does once the slides are surveyed and the steps planned: the training loop of one generation
 * (from one roll-back of the run to the next; the first begins with it). It computes steps, commits them in order,
 * evaluates at the ends of epochs and writes checkpoints. Step t is computed at version max(0, t - staleness), exactly; so with a staleness of k up to
 * k + 1 steps are under way at once, and nothing depends on which is faster.
 *
 *     version t ──► step t, in training-step.ts ──► gradient on the parameter servers ──commit──► version t + 1
 *
 * A version is the parameters after that many steps; a commit has every server apply a step's gradient (server/shard.ts).
 */
import type { WsiTrainingJobSpec } from '@wsi-operator/api';
import { mapLimited, ownText, publicText, type PublicText, WsiError } from '@wsi-operator/foundation';
import type { CommitRequest } from '@wsi-operator/protocol';
import { metricsOfSplit } from '@wsi-operator/statistics';
import { bagsAtOnce } from '../../scoring/score-bag.ts';
import type { TaskPool } from '../../scoring/task-pool.ts';
import { learningRateAt } from '../../optimizer/index.ts';
import type { PlannedBag } from '../../plan/bags.ts';
import { countedTasks } from '../leases/counted-tasks.ts';
import { cohortUnit, evaluateBag, evaluationOf } from './evaluation.ts';
import type { StartedLine } from '../run/journal-records.ts';
import type { MetricsLog, StepLine } from './metrics-log.ts';
import type { SelectionRecord } from '../../selection/selection-record.ts';
import { windowOf, type RunMeasurement } from '../../measurement/run-measurement.ts';
import type { Model } from '../../plan/model.ts';
import type { StepPlan } from '../../plan/plan.ts';
import { unitOfStep, type Progress } from '../run/progress.ts';
import type { ServerGroup } from '../run/server-group.ts';
import type { SlideFiles } from '../../slide-files/slide-files.ts';
import { computeStep, type ComputedStep } from './training-step.ts';
import type { UsageMeter } from '../../usage.ts';
import type { WorkerPool } from '../leases/worker-pool.ts';

export interface TrainingContext {
  readonly spec: WsiTrainingJobSpec;
  readonly model: Model;
  readonly steps: readonly StepPlan[];
  readonly trainingBags: readonly PlannedBag[];
  readonly validationBags: readonly PlannedBag[];
  readonly pool: WorkerPool;
  /** The pool for training tasks: some may be finished already. */
  readonly tasks: TaskPool;
  readonly servers: ServerGroup;
  readonly progress: Progress;
  readonly metrics: Pick<MetricsLog, 'append' | 'hasEvaluation'>;
  readonly files: Pick<SlideFiles, 'requireUnchanged'>;
  readonly measurement: RunMeasurement;
  /** The choice of an epoch; undefined where the last one is kept. */
  readonly selection: Pick<SelectionRecord, 'rule' | 'selected' | 'has' | 'add'> | undefined;
  /** Of the coordinator itself. */
  readonly usage: UsageMeter;
  /** Applies a step, whose line is not whole yet. Returns its seconds. */
  commit(request: Omit<CommitRequest, 'generation'>, line: StartedLine): Promise<number>;
  /** Notes that it is applied. */
  committed(line: StepLine): Promise<void>;
  /** Saves the newest version; called between two commits. */
  checkpoint(version: number): Promise<void>;
}

/** Trains from version `from` to the last, or until patience has run out. Rejects as soon as a step fails, or with the signal's reason when stopped. */
export async function train(context: TrainingContext, from: number, signal: AbortSignal): Promise<void> {
  const { steps, spec } = context;
  /** By version: resolves when the version is there. */
  const committed = new Map<number, Promise<void>>([[from, Promise.resolve()]]);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => undefined);
  const aborted = (): void => failure.reject(signal.reason as Error);
  signal.addEventListener('abort', aborted, { once: true });
  try {
    await Promise.race([completeVersion(context, from), failure.promise]);
    let newest = from;
    for (const plan of steps.slice(from)) {
      signal.throwIfAborted();
      const version = Math.max(0, plan.step - spec.training.staleness);
      await Promise.race([committed.get(version) ?? Promise.resolve(), failure.promise]);
      if (hasEnded(context)) break;
      const computed = computeStep(plan, version, stepContext(context, plan.step));
      const before = committed.get(plan.step)!;
      const commit = commitWhenReady(context, plan, { computed, before, signal });
      commit.catch((error: unknown) => failure.reject(error));
      committed.set(plan.step + 1, commit);
      committed.delete(plan.step - spec.training.staleness - 1);
      newest = plan.step + 1;
    }
    await Promise.race([committed.get(newest) ?? Promise.resolve(), failure.promise]);
  } finally {
    signal.removeEventListener('abort', aborted);
    // A commit under way ends before the state is saved or rolled back.
    await Promise.allSettled(committed.values());
    context.measurement.end();
    await logWindows(context, context.progress.epoch);
  }
}

function stepContext(context: TrainingContext, step: number): Parameters<typeof computeStep>[2] {
  const { model, servers, spec } = context;
  return {
    pool: countedTasks(context.tasks, context.progress, unitOfStep(step)),
    bags: context.trainingBags,
    head: model.head,
    aggregator: spec.model.aggregator.name,
    training: spec.training,
    bodyLength: model.space.bodyLength,
    headParameters: (version) => servers.pull(version, model.space.bodyLength, model.space.length),
    pushHead: (step, gradient) => servers.pushHead(step, gradient),
  };
}

async function commitWhenReady(
  context: TrainingContext,
  plan: StepPlan,
  parts: { computed: Promise<ComputedStep>; before: Promise<void>; signal: AbortSignal },
): Promise<void> {
  const [computed] = await Promise.all([
    parts.computed.catch((error: unknown) => {
      throw inStep(plan.step, error);
    }),
    parts.before,
  ]);
  // Steps under way when patience runs out are not part of the run.
  if (hasEnded(context)) return;
  const { spec, steps, progress } = context;
  await context.files.requireUnchanged(plan.bags.flatMap((index) => context.trainingBags[index]!.slides));
  parts.signal.throwIfAborted();
  const { optimizer, schedule, staleness } = spec.training;
  const learningRate = learningRateAt(
    { learningRate: optimizer.learningRate, schedule },
    plan.step,
    steps.length,
  );
  if (!Number.isFinite(computed.loss)) throw notFinite(plan.step, computed.loss);
  const version = plan.step + 1;
  const { loss, leaves, tiles } = computed;
  const clipped = await clippedGradient(context, plan.step, leaves);
  const line = { step: plan.step, epoch: plan.epoch, loss, learningRate, tiles, ...clipped.line };
  const oldestNeeded = Math.max(0, version - staleness);
  const request = { step: plan.step, learningRate, oldestNeeded, leaves, ...clipped.request };
  const seconds = await context.commit(request, line);
  progress.epoch = plan.epoch;
  progress.metrics = { ...progress.metrics, loss };
  const tilesPerSecond = seconds > 0 ? tiles / seconds : 0;
  await context.committed({ ...line, tilesPerSecond, seconds, time: Date.now() });
  context.measurement.stepDone(plan.step, tiles, {
    servers: context.servers.current(),
    coordinator: context.usage.read(),
  });
  await logWindows(context, plan.epoch);
  await completeVersion(context, version);
  // With staleness the next steps went on meanwhile, so that this was training, too.
  if (staleness === 0) context.measurement.skip();
}

/** With clipping by the global norm (Pascanu, Mikolov and Bengio, 2013): the norm, and the factor that limits it. */
async function clippedGradient(
  { spec, servers }: TrainingContext,
  step: number,
  leaves: number,
): Promise<{ request: { gradientScale?: number }; line: { gradientNorm?: number } }> {
  const { gradientClipping } = spec.training;
  if (gradientClipping === undefined) return { request: {}, line: {} };
  const gradientNorm = await servers.gradientNorm(step, leaves);
  if (!Number.isFinite(gradientNorm)) throw notFinite(step, gradientNorm, 'gradient');
  const gradientScale = gradientNorm > gradientClipping ? gradientClipping / gradientNorm : 1;
  return { request: { gradientScale }, line: { gradientNorm } };
}

async function logWindows({ measurement, metrics }: TrainingContext, epoch: number): Promise<void> {
  for (const closed of measurement.takeClosed()) {
    const window = { from: closed.from, ...windowOf(closed) };
    await metrics.append({ step: closed.to, epoch, window, time: Date.now() });
  }
}

/** What follows a version's commit: also done when a coordinator or a generation ended in between. */
async function completeVersion(context: TrainingContext, version: number): Promise<void> {
  const { steps, spec, metrics, progress } = context;
  const plan = steps[version - 1];
  if (plan === undefined) return;
  const last = steps[version]?.epoch !== plan.epoch;
  const measured = metrics.hasEvaluation(version) && (context.selection?.has(version) ?? true);
  if (last && !measured) await validate(context, plan.epoch, version);
  const due =
    version % spec.checkpoint.everySteps === 0 ||
    version === steps.length ||
    context.selection?.selected.best?.version === version ||
    hasEnded(context);
  if (due && progress.checkpointStep < version) await context.checkpoint(version);
}

/** Whether patience has run out. */
function hasEnded({ selection }: TrainingContext): boolean {
  return selection?.selected.exhausted === true;
}

const VALIDATION = 'validation';

/** Metrics of the validation bags, when there are any, at the end of an epoch. */
async function validate(context: TrainingContext, epoch: number, version: number): Promise<void> {
  const { validationBags, model, servers, pool, metrics, progress, spec } = context;
  if (validationBags.length === 0) return;
  const averaged = spec.training.averaging !== undefined;
  const headParameters = await servers.pull(version, model.space.bodyLength, model.space.length, averaged);
  await context.files.requireUnchanged(validationBags.flatMap(({ slides }) => slides));
  const head = { head: model.head, aggregator: spec.model.aggregator.name, headParameters };
  const evaluate = (bag: PlannedBag, index: number): ReturnType<typeof evaluateBag> =>
    evaluateBag(bag, index, head, {
      pool: countedTasks(pool, progress, VALIDATION),
      name: `validation/${epoch}`,
      version,
      averaged,
      priority: version,
      tileScores: false,
    });
  const evaluated = await mapLimited(validationBags, bagsAtOnce, evaluate, { leaveRunning: true });
  const unit = cohortUnit([...context.trainingBags, ...validationBags]);
  const predictions = evaluated.map(({ prediction }) => prediction);
  const values = metricsOfSplit(evaluationOf(predictions, model.description, unit), 'validation');
  if (context.selection !== undefined) {
    await context.selection.add({ epoch, version, value: values[context.selection.rule.metric] });
  }
  await metrics.append({ step: version, epoch, split: 'validation', metrics: values });
  progress.unitDone(VALIDATION);
  for (const [name, value] of Object.entries(values)) progress.metrics[`validation.${name}`] = value;
}

function notFinite(step: number, value: number, of: 'loss' | 'gradient' = 'loss'): WsiError {
  const problem =
    of === 'loss' ? publicText`the loss is ${value}.` : publicText`the gradient's norm is ${value}.`;
  return new WsiError('Diverged', problem, {
    where: placeOf(step),
    remedy: publicText`Lower optimizer.learningRate, or warm it up over more steps (schedule.warmupSteps).`,
  });
}

/** Numbers that overflowed are the step's fault, not the slide's: the step is named. */
function inStep(step: number, thrown: unknown): WsiError {
  const error = WsiError.from(thrown);
  if (error.code !== 'Diverged') return error;
  return new WsiError('Diverged', error.message, {
    where: placeOf(step),
    summary: ownText(error.publicMessage),
    cause: error,
  });
}

function placeOf(step: number): PublicText {
  return publicText`spec.training, at step ${step}`;
}
