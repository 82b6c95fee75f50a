/**
 * A run from start to result. It is a sequence of generations: each restores the newest checkpoint on all parameter
 * servers and trains from there; the loss of a parameter server ends it and the next one begins. Everything is a pure
 * function of (cohort, spec, seed), so going back changes no bit of the result.
 *
 *     cohort -> survey -> [ restore -> train -> evaluate ]* -> result
 */
import { join } from 'node:path';
import { parseQuantity, type WsiTrainingJob } from '@wsi/api';
import { readCohort, type Cohort } from '@wsi/cohort';
import { sha256, WsiError, type Clock, type Logger } from '@wsi/foundation';
import { S3Store } from '@wsi/slides';
import { bytesOf, type StatusReply, type Welcome } from '@wsi/protocol';
import { CheckpointDirectory } from '../checkpoint/checkpoint.ts';
import type { RoleConfig } from '../config.ts';
import type { Connections } from '../connections.ts';
import { UsageMeter } from '../usage.ts';
import { evaluateRun } from './final-evaluation.ts';
import { GenerationFile } from './generation.ts';
import { removeLeftovers } from './leftovers.ts';
import { MetricsLog } from './metrics-log.ts';
import { buildModel, describeModel, type Model } from './model.ts';
import { planRun, type PlannedRun } from './plan-run.ts';
import { Progress } from './progress.ts';
import { Quarantine } from './quarantine.ts';
import { peak, sumPhases } from './result.ts';
import { ServerGroup, type VersionState } from './server-group.ts';
import { SlideFiles } from './slide-files.ts';
import { surveySlides, type SurveyedSlide } from './survey.ts';
import { train } from './training.ts';
import { UnreadableSlideError } from './unreadable-slide.ts';
import { WorkerPool } from './worker-pool.ts';

/** Roll-backs in a row without a new checkpoint, after which the run gives up. */
const maximumRollbacks = 10;

interface RunOptions {
  readonly config: RoleConfig;
  readonly connections: Connections;
  readonly logger: Logger;
  readonly clock: Clock;
}

interface Prepared extends PlannedRun {
  /** As the table has it. */
  readonly cohort: Cohort;
  readonly surveyed: ReadonlyMap<string, SurveyedSlide>;
  readonly quarantine: Quarantine;
  readonly model: Model;
  readonly servers: ServerGroup;
}

export class TrainingRun {
  readonly job: WsiTrainingJob;
  readonly pool: WorkerPool;
  readonly progress: Progress;
  readonly usage = new UsageMeter();
  readonly #options: RunOptions;
  readonly #checkpoints: CheckpointDirectory;
  readonly #metrics: MetricsLog;
  readonly #generations: GenerationFile;
  readonly #store: S3Store;
  readonly #files: SlideFiles;
  #servers: ServerGroup | undefined;
  #generation = 0;

  constructor(job: WsiTrainingJob, options: RunOptions) {
    const { config, logger, clock } = options;
    this.job = job;
    this.#options = options;
    this.#store = new S3Store(job.spec.cohort.s3);
    this.#files = new SlideFiles(this.#store);
    this.progress = new Progress(clock);
    this.pool = new WorkerPool({ clock, logger, leaseMilliseconds: config.leaseMilliseconds });
    this.#checkpoints = new CheckpointDirectory(join(config.output, 'checkpoints'), logger);
    this.#metrics = new MetricsLog(join(config.output, 'metrics.jsonl'));
    this.#generations = new GenerationFile(join(config.output, 'generation'));
  }

  /** True when the run is complete; false when it was stopped (with a checkpoint). */
  async lead(signal: AbortSignal): Promise<boolean> {
    // Whoever waits for a task when the run is stopped hears of it at once.
    const stopped = (): void => this.pool.cancelAll(new WsiError('Cancelled', 'the run was stopped'));
    signal.addEventListener('abort', stopped, { once: true });
    try {
      const prepared = await this.#prepare(signal);
      await this.#generationsUntilDone(prepared, signal);
      this.progress.begin('finished', 0);
      return true;
    } catch (thrown) {
      const error = WsiError.from(thrown);
      // Who asked for the stop counts on its checkpoint.
      if (signal.aborted && error.code !== 'StorageFailed') return false;
      this.progress.begin('failed', 0, error.message);
      throw error;
    } finally {
      signal.removeEventListener('abort', stopped);
    }
  }

  status(): StatusReply {
    const { progress, pool } = this;
    const workers = pool.usages().map(({ usage }) => usage);
    const servers = this.#servers?.usages() ?? [];
    return {
      phase: progress.phase,
      step: progress.step,
      steps: progress.steps,
      epoch: progress.epoch,
      epochs: progress.epochs,
      tiles: progress.tiles,
      tilesPerSecond: progress.tilesPerSecond,
      etaSeconds: progress.etaSeconds,
      metrics: progress.metrics,
      parametersSha256: progress.parametersSha256,
      checkpointStep: progress.checkpointStep,
      peakMemoryBytes: {
        coordinator: this.usage.read().peakResidentBytes,
        server: peak(servers),
        worker: peak(workers),
      },
      workersConnected: pool.connected,
      serversConnected: this.#servers?.connected ?? 0,
      message: progress.told,
      fraction: progress.fraction,
      phaseSeconds: sumPhases([...workers, ...servers]),
      generation: this.#generation,
      elapsedSeconds: progress.elapsedSeconds,
    };
  }

  close(): void {
    this.pool.close();
    this.#servers?.close();
    void this.#store.close();
  }

  async #prepare(signal: AbortSignal): Promise<Prepared> {
    const { spec } = this.job;
    const { config, connections, clock, logger } = this.#options;
    await removeLeftovers(config.output);
    const cohort = await readCohort(spec.cohort, { baseDirectory: '/', store: this.#store });
    const model = buildModel(describeModel(spec, cohort.classes));
    this.#generation = await this.#generations.next();
    signal.throwIfAborted();
    // The survey needs workers only: parameter servers may still be starting.
    this.pool.begin(this.#welcome(model, []));
    const quarantine = await this.#quarantine();
    const all = [...new Set(cohort.cases.flatMap((of) => of.slides))];
    const slides = all.filter((slide) => !quarantine.has(slide));
    this.progress.begin('surveying', slides.length);
    const { surveyed, unreadable } = await surveySlides(slides, {
      pool: this.pool,
      patches: spec.patches,
      store: this.#store,
      directory: join(config.output, 'tiles'),
      logger,
      skipUnreadable: this.#skipsUnreadable,
      onDone: () => this.progress.advance(),
    });
    signal.throwIfAborted();
    await quarantine.add(unreadable, cohort);
    const planned = this.#plan(cohort, surveyed, quarantine);
    const servers = new ServerGroup(config.servers, { connections, space: model.space, clock, logger });
    this.#servers = servers;
    return { ...planned, cohort, surveyed, quarantine, model, servers };
  }

  get #skipsUnreadable(): boolean {
    return this.job.spec.cohort.unreadableSlides === 'skip';
  }

  #quarantine(): Promise<Quarantine> {
    const { config, logger } = this.#options;
    const path = join(config.output, 'quarantine.json');
    return this.#skipsUnreadable
      ? Quarantine.load(path, logger)
      : Promise.resolve(Quarantine.empty(path, logger));
  }

  #plan(cohort: Cohort, surveyed: ReadonlyMap<string, SurveyedSlide>, quarantine: Quarantine): PlannedRun {
    const planned = planRun(this.job.spec, quarantine.without(cohort), surveyed);
    this.progress.steps = planned.steps.length;
    this.progress.epochs = this.job.spec.training.epochs;
    this.progress.notices.set('quarantine', quarantine.notice);
    return planned;
  }

  /** The run without a slide that turned out to be damaged. @throws WsiError when it has to fail for that slide */
  async #withoutSlide(prepared: Prepared, error: UnreadableSlideError): Promise<Prepared> {
    const { cohort, surveyed, quarantine, identity } = prepared;
    const slide = surveyed.get(error.slide);
    if (!this.#skipsUnreadable || slide === undefined) throw error;
    // One that is gone or was replaced is not a damaged one.
    await this.#files.requireUnchanged([slide]);
    await quarantine.add([error], cohort, identity);
    return { ...prepared, ...this.#plan(cohort, surveyed, quarantine) };
  }

  async #generationsUntilDone(first: Prepared, signal: AbortSignal): Promise<void> {
    let prepared = first;
    let rollbacks = 0;
    for (;;) {
      const before = this.progress.checkpointStep;
      try {
        await this.#oneGeneration(prepared, signal);
        return;
      } catch (thrown) {
        const error = WsiError.from(thrown);
        if (error instanceof UnreadableSlideError && !signal.aborted) {
          prepared = await this.#withoutSlide(prepared, error);
          this.#generation = await this.#generations.next();
          continue;
        }
        const rollback = error.retryable || ['Unavailable', 'StaleGeneration'].includes(error.code);
        if (signal.aborted || !rollback || error.code === 'StorageFailed') throw error;
        rollbacks = this.progress.checkpointStep > before ? 1 : rollbacks + 1;
        if (rollbacks > maximumRollbacks) {
          throw new WsiError('Internal', `went back ${rollbacks} times without progress: ${error.message}`, {
            remedy: 'See the logs of the parameter servers.',
            cause: error,
          });
        }
        this.#options.logger.warn({ reason: error.message }, 'going back to the last checkpoint');
        this.#generation = await this.#generations.next();
      }
    }
  }

  async #oneGeneration(prepared: Prepared, signal: AbortSignal): Promise<void> {
    const { servers, model, steps, bags } = prepared;
    const ended = new AbortController();
    const either = AbortSignal.any([signal, ended.signal]);
    const state = await this.#startState(prepared);
    this.progress.begin('waiting', 0, 'waiting for parameter servers');
    await servers.begin(this.#generation, JSON.stringify(this.job.spec.training.optimizer), state, either);
    await this.#metrics.cutBack(state.version);
    this.pool.begin(this.#welcome(model, servers.ranges));
    this.progress.begin('training', 0);
    const watching = servers.watch(either).then((lost) => {
      // Ends the generation: nobody waits for tasks that cannot be done any more.
      ended.abort(lost);
      this.pool.cancelAll(lost);
    });
    watching.catch(() => undefined);
    try {
      await train(
        {
          spec: this.job.spec,
          model,
          steps,
          trainingBags: bags.filter((bag) => bag.case.split === 'train'),
          validationBags: bags.filter((bag) => bag.case.split === 'validation'),
          pool: this.pool,
          servers,
          progress: this.progress,
          metrics: this.#metrics,
          files: this.#files,
          checkpoint: (version) => this.#checkpoint(prepared, version),
        },
        state.version,
        either,
      );
      await this.#evaluate(prepared);
    } catch (error) {
      if (signal.aborted) await this.#checkpointOnStop(prepared);
      throw ended.signal.aborted ? ended.signal.reason : error;
    } finally {
      ended.abort(new WsiError('Cancelled', 'the generation ended'));
    }
  }

  /** The newest checkpoint of this very run, or the initial parameters. */
  async #startState({ model, identity, steps, quarantine }: Prepared): Promise<VersionState> {
    await this.#checkpoints.sweep();
    const checkpoint = await this.#checkpoints.newest();
    const { progress } = this;
    progress.notices.set('checkpoints', damageNotice(this.#checkpoints.damage, checkpoint?.cursor.step));
    const standing =
      checkpoint?.cursor.identity === identity || checkpoint === undefined
        ? 'continued'
        : quarantine.standingOf(checkpoint.cursor.identity);
    if (checkpoint !== undefined && standing === 'superseded') {
      this.#options.logger.warn(
        { step: checkpoint.cursor.step },
        'training anew: the checkpoints know a slide that is quarantined',
      );
      await this.#checkpoints.clear();
    }
    if (checkpoint === undefined || standing === 'superseded') {
      const parameters = model.space.initial(this.job.spec.training.seed);
      progress.step = progress.tiles = progress.trainingSeconds = progress.checkpointStep = 0;
      progress.parametersSha256 = sha256(bytesOf(parameters));
      return { version: 0, parameters, state: {} };
    }
    const { cursor, path } = checkpoint;
    if (standing === 'foreign') {
      throw new WsiError(
        'CheckpointInvalid',
        'this checkpoint belongs to a run with another cohort, slides or spec',
        {
          where: path,
          remedy: 'Give another output directory, or remove this one to start anew.',
        },
      );
    }
    progress.step = progress.checkpointStep = cursor.step;
    progress.epoch = steps[cursor.step]?.epoch ?? progress.epochs - 1;
    progress.tiles = cursor.tiles;
    progress.trainingSeconds = cursor.trainingSeconds;
    progress.parametersSha256 = cursor.parametersSha256;
    this.#options.logger.info({ step: cursor.step, checkpoint: path }, 'resuming');
    return {
      version: cursor.step,
      parameters: model.space.flat(checkpoint.tensors, path),
      state: checkpoint.state,
    };
  }

  async #checkpoint({ servers, model, identity }: Prepared, version: number): Promise<void> {
    const { parameters, state } = await servers.snapshot(version);
    const parametersSha256 = sha256(bytesOf(parameters));
    const { tiles, trainingSeconds } = this.progress;
    const { description: model_, space } = model;
    await this.usage.timedAsync('checkpoint', () =>
      this.#checkpoints.write(
        {
          cursor: { step: version, identity, parametersSha256, tiles, trainingSeconds, model: model_ },
          tensors: space.named(parameters),
          state,
        },
        this.job.spec.checkpoint.keep,
      ),
    );
    this.progress.checkpointStep = version;
    this.progress.parametersSha256 = parametersSha256;
    this.#options.logger.info({ step: version, parametersSha256 }, 'checkpoint written');
  }

  /** Without the parameter servers the last checkpoint stands. @throws WsiError `StorageFailed` */
  async #checkpointOnStop(prepared: Prepared): Promise<void> {
    const { step, checkpointStep } = this.progress;
    if (step === checkpointStep) return;
    this.progress.begin('stopping', 0, 'writing a checkpoint');
    try {
      await this.#checkpoint(prepared, step);
    } catch (error) {
      if (WsiError.from(error).code === 'StorageFailed') throw error;
      this.#options.logger.warn({ error, checkpointStep }, 'no checkpoint at the stop: the last one stands');
    }
  }

  async #evaluate({ bags, model, servers, quarantine }: Prepared): Promise<void> {
    await this.#files.requireUnchanged(bags.flatMap(({ slides }) => slides));
    await evaluateRun({
      job: this.job,
      output: this.#options.config.output,
      bags,
      quarantined: quarantine.slides,
      model,
      servers,
      pool: this.pool,
      store: this.#store,
      progress: this.progress,
      usage: this.usage,
      logger: this.#options.logger,
    });
  }

  #welcome({ description, space }: Model, servers: Welcome['servers']): Welcome {
    return {
      generation: this.#generation,
      network: JSON.stringify(description.network),
      patches: JSON.stringify(this.job.spec.patches),
      batch: description.patches.batch,
      servers,
      bodyLength: space.bodyLength,
      threads: description.threads,
      store: JSON.stringify(this.#store.settings),
      cacheBytes: parseQuantity(this.job.spec.patches.cacheBytes),
      // Steps under way by staleness, an evaluation, and one that is being pulled.
      versions: this.job.spec.training.staleness + 3,
      heartbeatMilliseconds: Math.min(2_000, Math.floor(this.#options.config.leaseMilliseconds / 4)),
    };
  }
}

/** People who count on a checkpoint must hear that it was of no use, and how far the run went back. */
function damageNotice(damage: readonly string[], step = 0): string {
  if (damage.length === 0) return '';
  const reason =
    damage.length === 1 ? damage[0] : `${damage.length} damaged checkpoints: ${damage.join(' ')}`;
  return `went back to step ${step}: ${reason}`;
}
