/**
 * A run from start to result; its {@link Generations} train.
 *
 *     cohort -> survey -> [ restore -> train -> evaluate ]* -> result
 */
import { join } from 'node:path';
import { parseQuantity, type WsiTrainingJob } from '@wsi/api';
import { readCohort, type Cohort } from '@wsi/cohort';
import { WsiError, type Clock, type Logger } from '@wsi/foundation';
import { S3Store } from '@wsi/slides';
import type { StatusReply, Welcome } from '@wsi/protocol';
import { CheckpointDirectory } from '../checkpoint/checkpoint.ts';
import type { RoleConfig } from '../config.ts';
import type { Connections } from '../connections.ts';
import { RunMeasurement } from '../measurement/run-measurement.ts';
import { planWork, type WorkPlan } from '../measurement/workload.ts';
import { UsageMeter } from '../usage.ts';
import { evaluateRun } from './final-evaluation.ts';
import { GenerationFile } from './generation.ts';
import { Generations, type Prepared } from './generations.ts';
import { Journal, JournalFile } from './journal.ts';
import { removeLeftovers } from './leftovers.ts';
import { MetricsLog } from './metrics-log.ts';
import { buildModel, describeModel, type Model } from './model.ts';
import { planRun, type PlannedRun } from './plan-run.ts';
import { Progress } from './progress.ts';
import { Quarantine } from './quarantine.ts';
import { peak, sumPhases } from './result.ts';
import { ServerGroup } from './server-group.ts';
import { SlideFiles } from './slide-files.ts';
import { surveySlides, type SurveyedSlide } from './survey.ts';
import type { UnreadableSlideError } from './unreadable-slide.ts';
import { WorkerPool } from './worker-pool.ts';

interface RunOptions {
  readonly config: RoleConfig;
  readonly connections: Connections;
  readonly logger: Logger;
  readonly clock: Clock;
}

export class TrainingRun {
  readonly job: WsiTrainingJob;
  readonly pool: WorkerPool;
  readonly progress: Progress;
  readonly usage = new UsageMeter();
  readonly measurement: RunMeasurement;
  readonly #options: RunOptions;
  readonly #generations: Generations;
  readonly #store: S3Store;
  readonly #files: SlideFiles;
  #servers: ServerGroup | undefined;
  #work: WorkPlan | undefined;

  constructor(job: WsiTrainingJob, options: RunOptions) {
    const { config, logger, clock } = options;
    this.job = job;
    this.#options = options;
    this.#store = new S3Store(job.spec.cohort.s3);
    this.#files = new SlideFiles(this.#store);
    this.progress = new Progress(clock);
    this.measurement = new RunMeasurement(clock, {
      windowSeconds: config.windowMilliseconds / 1000,
      servers: config.servers.length,
    });
    this.pool = new WorkerPool({
      clock,
      logger,
      leaseMilliseconds: config.leaseMilliseconds,
      observer: this.measurement,
    });
    this.#generations = new Generations({
      job,
      pool: this.pool,
      progress: this.progress,
      usage: this.usage,
      measurement: this.measurement,
      metrics: new MetricsLog(join(config.output, 'metrics.jsonl')),
      checkpoints: new CheckpointDirectory(join(config.output, 'checkpoints'), logger),
      numbers: new GenerationFile(join(config.output, 'generation')),
      journal: new Journal(new JournalFile(join(config.output, 'journal')), logger),
      files: this.#files,
      clock,
      logger,
      welcome: (model, servers) => this.#welcome(model, servers),
      evaluate: (prepared) => this.#evaluate(prepared),
      withoutSlide: (prepared, error) => this.#withoutSlide(prepared, error),
    });
  }

  /** True when the run is complete; false when it was stopped (with a checkpoint). */
  async lead(signal: AbortSignal): Promise<boolean> {
    // Whoever waits for a task when the run is stopped hears of it at once.
    const stopped = (): void => this.pool.cancelAll(new WsiError('Cancelled', 'the run was stopped'));
    signal.addEventListener('abort', stopped, { once: true });
    try {
      const prepared = await this.#prepare(signal);
      await this.#generations.run(prepared, signal);
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
      await this.#servers?.farewell();
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
      generation: this.#generations.number,
      elapsedSeconds: progress.elapsedSeconds,
      ...this.#measured(),
    };
  }

  #measured(): Pick<StatusReply, 'measurement'> {
    const { step, phase, fraction } = this.progress;
    if (this.#work === undefined || step === 0) return {};
    this.measurement.noteMemory({
      servers: this.#servers?.current() ?? [],
      coordinator: this.usage.read(),
    });
    const evaluated = phase === 'evaluating' || phase === 'finished' ? fraction : 0;
    return { measurement: this.measurement.read(this.#work, { step, evaluated }) };
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
    await this.#generations.advance();
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
    this.#work = this.#workOf(planned, model);
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

  #workOf(planned: PlannedRun, { space, description }: Model): WorkPlan {
    const { size, batch } = description.patches;
    return planWork(planned, { parameterBytes: space.bodyLength * 4, patches: { size, batch } });
  }

  /** The run without a slide that turned out to be damaged. @throws WsiError when it has to fail for that slide */
  async #withoutSlide(prepared: Prepared, error: UnreadableSlideError): Promise<Prepared> {
    const { cohort, surveyed, quarantine, identity } = prepared;
    const slide = surveyed.get(error.slide);
    if (!this.#skipsUnreadable || slide === undefined) throw error;
    // One that is gone or was replaced is not a damaged one.
    await this.#files.requireUnchanged([slide]);
    await quarantine.add([error], cohort, identity);
    const planned = this.#plan(cohort, surveyed, quarantine);
    this.#work = this.#workOf(planned, prepared.model);
    return { ...prepared, ...planned };
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
      measured: () => this.#measured().measurement ?? undefined,
      logger: this.#options.logger,
    });
  }

  #welcome({ description, space }: Model, servers: Welcome['servers']): Welcome {
    return {
      generation: this.#generations.number,
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
