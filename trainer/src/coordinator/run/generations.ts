/**
 * A run's generations: each starts from a state that all parameter servers share and trains from there; the loss of a
 * parameter server ends it and the next one begins. Everything is a pure function of (cohort, spec, seed), so going back
 * changes no bit of the result. A generation starts, in this order of preference, from
 *
 *     1. the recovery point in memory             this coordinator has lost a server
 *     2. what the servers hold, with the journal  another coordinator led them until now
 *     3. the newest whole checkpoint
 *     4. the initial parameters
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Cohort } from '@wsi-operator/cohort';
import {
  type Clock,
  type Logger,
  ownText,
  publicText,
  sha256,
  type Told,
  WsiError,
} from '@wsi-operator/foundation';
import { bytesOf, type CommitRequest, type Welcome } from '@wsi-operator/protocol';
import type { SurveyedSlide } from '../../plan/surveyed-slide.ts';
import type { Checkpoint, CheckpointDirectory } from '../../checkpoint/checkpoint.ts';
import type { RunMeasurement } from '../../measurement/run-measurement.ts';
import { Turn } from '../../turn.ts';
import type { UsageMeter } from '../../usage.ts';
import { FinishedTasks } from '../leases/finished-tasks.ts';
import type { GenerationFile } from './generation.ts';
import type { Journal } from './journal.ts';
import {
  applied,
  replayJournal,
  type JournalRecord,
  type JournalState,
  type StartedLine,
} from './journal-records.ts';
import type { MetricsLog, StepLine } from '../learning/metrics-log.ts';
import { knownCases } from '../../plan/known-cases.ts';
import type { Model } from '../../plan/model.ts';
import type { PlannedRun } from '../../plan/plan-run.ts';
import type { Progress } from './progress.ts';
import type { Quarantine } from '../survey/quarantine.ts';
import { RecoveryPoints, type RecoveryPoint } from './recovery-points.ts';
import { ServerLeavingError, type AdoptedServers, type ServerGroup } from './server-group.ts';
import type { SlideFiles } from '../../slide-files/slide-files.ts';
import { train } from '../learning/training.ts';
import { UnreadableSlideError } from '../../slide-files/unreadable-slide.ts';
import type { WorkerPool } from '../leases/worker-pool.ts';

/** Roll-backs in a row without a step forward, after which the run gives up. */
const maximumRollbacks = 10;

export interface Prepared extends PlannedRun {
  /** As the table has it. */
  readonly cohort: Cohort;
  /** What was assumed of it. */
  readonly notes: readonly string[];
  readonly surveyed: ReadonlyMap<string, SurveyedSlide>;
  readonly quarantine: Quarantine;
  readonly model: Model;
  readonly servers: ServerGroup;
}

export interface GenerationsParts {
  readonly job: WsiTrainingJob;
  readonly pool: WorkerPool;
  readonly progress: Progress;
  readonly usage: UsageMeter;
  readonly measurement: RunMeasurement;
  readonly metrics: Pick<MetricsLog, 'cutBack' | 'append' | 'hasEvaluation'>;
  readonly checkpoints: Pick<CheckpointDirectory, 'newest' | 'write' | 'sweep' | 'clear' | 'damage'>;
  readonly numbers: Pick<GenerationFile, 'next'>;
  readonly journal: Journal;
  readonly files: Pick<SlideFiles, 'requireUnchanged'>;
  readonly clock: Clock;
  readonly logger: Logger;
  welcome(model: Model, servers: Welcome['servers']): Welcome;
  evaluate(prepared: Prepared): Promise<void>;
  /** The run without a slide that turned out to be damaged. @throws WsiError when it has to fail for that slide */
  withoutSlide(prepared: Prepared, error: UnreadableSlideError): Promise<Prepared>;
}

/** Where a generation begins. */
interface Start {
  readonly version: number;
  /** Lines of `metrics.jsonl` that a coordinator may have died over. */
  readonly lines: readonly StepLine[];
}

export class Generations {
  readonly #parts: GenerationsParts;
  readonly #recovery: RecoveryPoints;
  readonly #finished: FinishedTasks;
  /** Commits and snapshots, one after another: a snapshot is of one version on all servers. */
  readonly #turn = new Turn();
  #number = 0;
  /** What another coordinator may have left; looked at once. */
  #left: Promise<readonly JournalRecord[]>;

  constructor(parts: GenerationsParts) {
    this.#parts = parts;
    this.#recovery = new RecoveryPoints(parts);
    this.#finished = new FinishedTasks(parts.journal);
    this.#left = parts.journal.read();
  }

  get number(): number {
    return this.#number;
  }

  async advance(): Promise<void> {
    this.#number = await this.#parts.numbers.next();
  }

  /** Resolves when a generation came to the result. */
  async run(first: Prepared, signal: AbortSignal): Promise<void> {
    const { progress, logger } = this.#parts;
    let prepared = first;
    let rollbacks = 0;
    let before = -1;
    for (;;) {
      try {
        await this.#one(prepared, signal);
        return;
      } catch (thrown) {
        const error = WsiError.from(thrown);
        if (error instanceof UnreadableSlideError && !signal.aborted) {
          prepared = await this.#parts.withoutSlide(prepared, error);
          await this.advance();
          continue;
        }
        const rollback = error.retryable || ['Unavailable', 'StaleGeneration'].includes(error.code);
        if (signal.aborted || !rollback || error.code === 'StorageFailed') throw error;
        const reached = this.#recovery.newest?.version ?? progress.checkpointStep;
        rollbacks = reached > before ? 1 : rollbacks + 1;
        before = Math.max(before, reached);
        if (rollbacks > maximumRollbacks) {
          throw new WsiError('Internal', `went back ${rollbacks} times without progress: ${error.message}`, {
            summary: ownText(`went back ${rollbacks} times without progress: ${error.publicMessage}`),
            remedy: publicText`See the logs of the parameter servers.`,
            cause: error,
          });
        }
        logger.warn({ reason: error.message, step: reached }, 'going back to the last recovery point');
        await this.advance();
      }
    }
  }

  async #one(prepared: Prepared, signal: AbortSignal): Promise<void> {
    const { pool, progress, metrics, measurement, usage, files, job } = this.#parts;
    const { servers, model, steps, bags } = prepared;
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const start = await this.#start(prepared, either);
    await metrics.cutBack(start.version, start.lines);
    await this.#beginJournal(prepared);
    pool.begin(this.#parts.welcome(model, servers.ranges));
    progress.begin('training', 0);
    const watching = servers.watch(either).then(async (lost) => {
      if (lost instanceof ServerLeavingError) await this.#saveBeforeLoss(prepared);
      // Ends the generation: nobody waits for tasks that cannot be done any more.
      ended.abort(lost);
      pool.cancelAll(lost);
    });
    watching.catch(() => undefined);
    try {
      await train(
        {
          spec: job.spec,
          model,
          steps,
          trainingBags: bags.filter((bag) => bag.case.split === 'train'),
          validationBags: bags.filter((bag) => bag.case.split === 'validation'),
          pool,
          tasks: this.#finished.over(pool),
          servers,
          progress,
          metrics,
          files,
          measurement,
          usage,
          commit: (request, line) => this.#commit(prepared, request, line),
          committed: (line) => this.#committed(prepared, line),
          checkpoint: (version) => this.#checkpoint(prepared, version),
        },
        start.version,
        either,
      );
      await this.#parts.evaluate(prepared);
    } catch (error) {
      if (signal.aborted) await this.#checkpointOnStop(prepared);
      throw ended.signal.aborted ? ended.signal.reason : error;
    } finally {
      ended.abort(new WsiError('Cancelled', publicText`the generation ended`));
    }
  }

  async #start(prepared: Prepared, signal: AbortSignal): Promise<Start> {
    const { progress, logger } = this.#parts;
    const { servers, identity, steps } = prepared;
    const optimizer = JSON.stringify(this.#parts.job.spec.training.optimizer);
    let point = this.#recovery.newest;
    if (point?.identity !== identity) {
      this.#finished.clear();
      point = await this.#stored(prepared);
      this.#recovery.hold(point);
    }
    const waiting = publicText`waiting for parameter servers`;
    progress.begin('waiting', 0, waiting);
    const left = await this.#left;
    this.#left = Promise.resolve([]);
    const state = await this.#takeOver(prepared, { records: left, optimizer, signal });
    if (state === undefined) {
      this.#finished.forgetLeaves();
      await servers.begin(this.#number, optimizer, point, signal);
    } else {
      logger.info(
        { step: state.version, finished: state.embedded.size },
        'going on where the last coordinator stopped',
      );
    }
    const { version, tiles, trainingSeconds } = state ?? point;
    progress.goOnFrom({ step: version, tiles, trainingSeconds });
    progress.epoch = steps[version]?.epoch ?? progress.epochs - 1;
    const loss = state?.lines.at(-1)?.loss;
    if (loss !== undefined) progress.metrics['loss'] = loss;
    return { version, lines: state?.lines ?? [] };
  }

  /** The state that servers and journal hold together, or undefined when they do not fit. */
  async #takeOver(
    { servers, identity }: Prepared,
    {
      records,
      optimizer,
      signal,
    }: { records: readonly JournalRecord[]; optimizer: string; signal: AbortSignal },
  ): Promise<JournalState | undefined> {
    const { progress, logger, journal } = this.#parts;
    const left = replayJournal(records);
    if (left?.begin.identity !== identity || left.version < progress.checkpointStep) return undefined;
    const generations = [...left.begin.generations, this.#number];
    try {
      // Before a server is at the new generation: should this coordinator end now, too, its successor knows it.
      await journal.begin([{ ...left.begin, generations }, ...records.slice(1)]);
      const adopted = await servers.adopt(this.#number, optimizer, left.begin, signal);
      if (adopted === undefined) return undefined;
      if (!fits(left, adopted)) {
        logger.info(
          { journal: left.version, servers: adopted.versions },
          'the journal does not fit the servers',
        );
        return undefined;
      }
      // All its leaves are there, so it can be applied; where it is already, that is all the same.
      if (left.pending !== undefined) await servers.commit(left.pending.commit);
      const state = applied(left);
      this.#finished.adopt(state.embedded, adopted.leaves);
      return state;
    } catch (reason) {
      signal.throwIfAborted();
      logger.info({ reason: String(reason) }, 'what the servers hold cannot be taken over');
      return undefined;
    }
  }

  /** The newest checkpoint of this very run, or the initial parameters. */
  async #stored({ model, identity, quarantine }: Prepared): Promise<RecoveryPoint> {
    const { checkpoints, progress, job, logger } = this.#parts;
    await checkpoints.sweep();
    const checkpoint = await checkpoints.newest();
    progress.notice('checkpoints', damageNotice(checkpoints.damage, checkpoint?.cursor.step));
    const standing =
      checkpoint?.cursor.identity === identity || checkpoint === undefined
        ? 'continued'
        : quarantine.standingOf(checkpoint.cursor.identity);
    if (checkpoint !== undefined && standing === 'foreign') throw foreign(checkpoint);
    if (checkpoint !== undefined && standing === 'superseded') {
      logger.warn(
        { step: checkpoint.cursor.step },
        'training anew: the checkpoints know a slide that is quarantined',
      );
      await checkpoints.clear();
    }
    if (checkpoint === undefined || standing === 'superseded') {
      const parameters = model.space.initial(job.spec.training.seed);
      progress.checkpointStep = 0;
      progress.parametersSha256 = sha256(bytesOf(parameters));
      return { version: 0, parameters, state: {}, identity, tiles: 0, trainingSeconds: 0 };
    }
    const { cursor, path } = checkpoint;
    progress.checkpointStep = cursor.step;
    progress.parametersSha256 = cursor.parametersSha256;
    this.#parts.measurement.restore(cursor.measurement);
    logger.info({ step: cursor.step, checkpoint: path }, 'resuming');
    return {
      version: cursor.step,
      parameters: model.space.flat(checkpoint.tensors, path),
      state: checkpoint.state,
      identity,
      tiles: cursor.tiles,
      trainingSeconds: cursor.trainingSeconds,
    };
  }

  /** Applies a step on all servers. Returns its seconds. */
  #commit(
    { servers }: Prepared,
    request: Omit<CommitRequest, 'generation'>,
    line: StartedLine,
  ): Promise<number> {
    const { journal, progress, clock } = this.#parts;
    return this.#turn.take(async () => {
      await journal.append({ kind: 'committing', commit: request, line, time: clock.now() });
      await servers.commit(request);
      return progress.stepDone(line.tiles);
    });
  }

  async #committed(prepared: Prepared, line: StepLine): Promise<void> {
    const { journal, metrics, progress } = this.#parts;
    const { tiles, trainingSeconds } = progress;
    this.#finished.committed(line.step + 1);
    await journal.append({ kind: 'committed', line, tiles, trainingSeconds });
    this.#recovery.offer(() => this.#snapshot(prepared));
    await metrics.append(line);
  }

  /** The newest version, whatever else goes on. */
  #snapshot({ servers, identity }: Prepared): Promise<RecoveryPoint> {
    const { progress } = this.#parts;
    return this.#turn.take(async () => {
      const { step, tiles, trainingSeconds } = progress;
      return { ...(await servers.snapshot(step)), identity, tiles, trainingSeconds };
    });
  }

  async #saveBeforeLoss(prepared: Prepared): Promise<void> {
    if (this.#recovery.newest?.version !== this.#parts.progress.step) {
      await this.#recovery.take(() => this.#snapshot(prepared));
    }
    await prepared.servers.farewell();
  }

  #beginJournal({ servers, identity }: Prepared): Promise<void> {
    const { journal, progress, clock } = this.#parts;
    const { step: version, tiles, trainingSeconds } = progress;
    const generations = [this.#number];
    const time = clock.now();
    const run = { identity, generations, servers: servers.members, version, tiles, trainingSeconds, time };
    return journal.begin([{ kind: 'begin', format: 1, ...run }, ...this.#finished.records()]);
  }

  async #checkpoint(prepared: Prepared, version: number): Promise<void> {
    const { model, identity, bags } = prepared;
    const { checkpoints, progress, usage, measurement, job, logger } = this.#parts;
    const held = this.#recovery.newest;
    const point = held?.version === version ? held : await this.#snapshot(prepared);
    this.#recovery.hold(point);
    const { parameters, state, tiles, trainingSeconds } = point;
    const parametersSha256 = sha256(bytesOf(parameters));
    const { description: model_, space } = model;
    await usage.timedAsync('checkpoint', () =>
      checkpoints.write(
        {
          cursor: {
            step: version,
            identity,
            parametersSha256,
            tiles,
            trainingSeconds,
            model: model_,
            measurement: measurement.store(),
            cohort: knownCases(bags, { bag: job.spec.cohort.bag, identity }),
          },
          tensors: space.named(parameters),
          state,
        },
        job.spec.checkpoint.keep,
      ),
    );
    progress.checkpointStep = version;
    progress.parametersSha256 = parametersSha256;
    logger.info({ step: version, parametersSha256: ownText(parametersSha256) }, 'checkpoint written');
    await this.#beginJournal(prepared);
  }

  /** Without the parameter servers the last checkpoint stands. @throws WsiError `StorageFailed` */
  async #checkpointOnStop(prepared: Prepared): Promise<void> {
    const { progress, logger } = this.#parts;
    const { step, checkpointStep } = progress;
    if (step === checkpointStep) return;
    progress.begin('stopping', 0, publicText`writing a checkpoint`);
    try {
      await this.#checkpoint(prepared, step);
    } catch (error) {
      if (WsiError.from(error).code === 'StorageFailed') throw error;
      logger.warn({ error, checkpointStep }, 'no checkpoint at the stop: the last one stands');
    }
  }
}

/** Every server is at the journal's version, or at the one that the pending step makes. */
function fits({ version, pending }: JournalState, { versions }: AdoptedServers): boolean {
  return versions.every((held) => held === version || (pending !== undefined && held === version + 1));
}

function foreign({ path }: Checkpoint): WsiError {
  return new WsiError(
    'CheckpointInvalid',
    publicText`this checkpoint belongs to a run with another cohort, slides or spec`,
    { where: path, remedy: publicText`Give another output directory, or remove this one to start anew.` },
  );
}

/** People who count on a checkpoint must hear that it was of no use, and how far the run went back. */
function damageNotice(damage: readonly string[], step = 0): Told | undefined {
  if (damage.length === 0) return undefined;
  const reason =
    damage.length === 1 ? damage[0] : `${damage.length} damaged checkpoints: ${damage.join(' ')}`;
  return {
    whole: `went back to step ${step}: ${reason}`,
    shown: publicText`went back to step ${step}: damaged checkpoints: ${damage.length}`,
  };
}
