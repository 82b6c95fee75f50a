/**
 * A run from start to result; its {@link Generations} train.
 *
 *     cohort -> survey -> [ restore -> train -> evaluate ]* -> result
 *
 * The survey has the workers look where each slide has tissue, which gives its tiles. What is in brackets is a generation: it
 * begins from a state that all parameter servers share (at first the newest checkpoint, if any). A lost parameter server, or a
 * slide that turns out damaged, ends it and begins the next.
 */
import { join } from 'node:path';
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Split } from '@wsi-operator/cohort';
import { ownText, publicText, WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import { S3Store } from '@wsi-operator/slides';
import type { StatusReply, Welcome } from '@wsi-operator/protocol';
import { CheckpointDirectory } from '../../checkpoint/checkpoint.ts';
import type { RoleConfig } from '../../config.ts';
import type { Connections } from '../../connections.ts';
import { initialParameters } from '../../initial/initial-parameters.ts';
import { RunMeasurement } from '../../measurement/run-measurement.ts';
import { planWork, type WorkPlan } from '../../plan/workload.ts';
import { UsageMeter } from '../../usage.ts';
import { removeFailure } from '../../exit.ts';
import { requireDistinctSlides } from '../survey/duplicate-slides.ts';
import { evaluateRun } from '../learning/final-evaluation.ts';
import { GenerationFile } from './generation.ts';
import type { Prepared } from './generation-parts.ts';
import { Generations } from './generations.ts';
import { Journal, JournalFile } from './journal.ts';
import { removeLeftovers, setShorterResultAside } from './leftovers.ts';
import { requireSelectable } from '../learning/selectable.ts';
import { MetricsLog } from '../learning/metrics-log.ts';
import type { Model } from '../../plan/model.ts';
import { planRun, type PlannedRun } from '../../plan/plan-run.ts';
import { Progress } from './progress.ts';
import { Quarantine } from '../survey/quarantine.ts';
import { measuredOf, statusOf, type StatusParts } from './run-status.ts';
import { selectionIn, type SelectionRecord } from '../../selection/selection-record.ts';
import { ServerGroup } from './server-group.ts';
import { SlideFiles } from '../../slide-files/slide-files.ts';
import { readTable } from '../survey/read-table.ts';
import { statedResolutions } from '../survey/stated-resolutions.ts';
import { withLines } from '../../slide-files/slide-errors.ts';
import { tileSettings } from '../../tile-source/index.ts';
import { surveySlides } from '../survey/survey.ts';
import type { UnreadableSlideError } from '../../slide-files/unreadable-slide.ts';
import { WorkerPool } from '../leases/worker-pool.ts';
import { openModel, type RunModel } from './run-model.ts';
import { welcomeOf } from './welcome.ts';

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
  readonly #selection: SelectionRecord | undefined;
  readonly #store: S3Store;
  readonly #files: SlideFiles;
  #servers: ServerGroup | undefined;
  #opened: RunModel | undefined;
  #work: WorkPlan | undefined;
  /** The line of each slide in the table, by its path. */
  #lines: ReadonlyMap<string, number> = new Map();

  constructor(job: WsiTrainingJob, options: RunOptions) {
    const { config, logger, clock } = options;
    this.job = job;
    this.#options = options;
    this.#store = new S3Store(job.spec.cohort.s3);
    this.#files = new SlideFiles(this.#store, (slide) => this.#run.source.fingerprint(slide));
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
    this.#selection = selectionIn(config.output, job.spec.training.selection);
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
      selection: this.#selection,
      setResultAside: () => setShorterResultAside(config.output, job.spec.training.epochs, logger),
      evaluate: (prepared, version) => this.#evaluate(prepared, version),
      withoutSlide: (prepared, error) => this.#withoutSlide(prepared, error),
    });
  }

  /** True when the run is complete; false when it was stopped (with a checkpoint). */
  async lead(signal: AbortSignal): Promise<boolean> {
    // Whoever waits for a task when the run is stopped hears of it at once.
    const stopped = (): void =>
      this.pool.cancelAll(new WsiError('Cancelled', publicText`the run was stopped`));
    signal.addEventListener('abort', stopped, { once: true });
    try {
      const prepared = await this.#prepare(signal);
      if ((await this.#generations.run(prepared, signal)) === 'stopped') return false;
      await this.#opened?.end();
      this.progress.begin('finished', 0);
      return true;
    } catch (thrown) {
      const error = withLines(WsiError.from(thrown), this.#lines);
      // Who asked for the stop counts on its checkpoint.
      if (signal.aborted && error.code !== 'StorageFailed') return false;
      this.progress.begin('failed', 0, { whole: error.message, shown: ownText(error.publicMessage) });
      throw error;
    } finally {
      signal.removeEventListener('abort', stopped);
      await this.#servers?.farewell();
    }
  }

  status(): StatusReply {
    return statusOf(this.#statusParts);
  }

  close(): void {
    this.pool.close();
    this.#servers?.close();
    void this.#store.close();
    void this.#opened?.source.close();
  }

  get #statusParts(): StatusParts {
    const { progress, pool, measurement, usage } = this;
    return {
      progress,
      pool,
      measurement,
      usage,
      generation: this.#generations.number,
      servers: this.#servers,
      work: this.#work,
      details: this.#options.config.details,
    };
  }

  async #prepare(signal: AbortSignal): Promise<Prepared> {
    const { spec } = this.job;
    const { config, connections, clock, logger } = this.#options;
    await removeLeftovers(config.output);
    await removeFailure();
    const { cohort, lines, copies, notes } = await readTable(spec, { store: this.#store, logger });
    this.#lines = lines;
    const quarantine = await this.#quarantine();
    const all = [...new Set(cohort.cases.flatMap((of) => of.slides))];
    const slides = all.filter((slide) => !quarantine.has(slide));
    const files = { output: config.output, store: this.#store, logger };
    this.#opened = await openModel(spec, cohort, slides, files);
    const { model } = this.#opened;
    // Before anything that takes long.
    const initial = await initialParameters(spec, { model, store: this.#store, logger });
    await this.#generations.advance();
    signal.throwIfAborted();
    // The survey needs workers only: parameter servers may still be starting.
    this.pool.begin(this.#welcome(model, []));
    this.progress.beginSurvey(slides.length);
    const { surveyed, unreadable } = await surveySlides(slides, {
      pool: this.pool,
      settings: tileSettings(model.description),
      annotations: spec.patches.tissue.annotations,
      stated: statedResolutions(spec, cohort),
      store: this.#store,
      directory: join(config.output, 'tiles'),
      logger,
      lines,
      skipUnreadable: this.#skipsUnreadable,
      onDone: (tiles) => this.progress.slideSurveyed(tiles),
    });
    signal.throwIfAborted();
    await quarantine.add(unreadable, cohort, { decisive: this.#decisiveSplits });
    const duplicates = await requireDistinctSlides(quarantine.without(cohort), surveyed, {
      lines,
      table: spec.cohort.table,
      reported: copies,
      policy: spec.cohort.duplicateSlides ?? 'fail',
      logger,
    });
    this.progress.notice('duplicates', duplicates.notice);
    const planned = this.#plan({ cohort, surveyed, quarantine, model, initial });
    this.#work = this.#workOf(planned, model);
    const servers = new ServerGroup(config.servers, { connections, space: model.space, clock, logger });
    this.#servers = servers;
    const allNotes = duplicates.note === '' ? notes : [...notes, duplicates.note];
    return { ...planned, cohort, notes: allNotes, surveyed, quarantine, model, initial, servers };
  }

  /** Splits whose slides have influence on the result. */
  get #decisiveSplits(): readonly Split[] {
    return this.#selection === undefined ? ['train'] : ['train', 'validation'];
  }

  /** Once it is known what the tiles are. */
  get #run(): RunModel {
    if (this.#opened === undefined) throw new WsiError('Internal', publicText`no tiles are known yet`);
    return this.#opened;
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

  #plan(of: Pick<Prepared, 'cohort' | 'surveyed' | 'quarantine' | 'model' | 'initial'>): PlannedRun {
    const { cohort, surveyed, quarantine, model, initial } = of;
    const planned = planRun(this.job.spec, quarantine.without(cohort), surveyed, {
      initial: initial.digests,
      features: model.description.features,
    });
    if (this.#selection !== undefined) {
      requireSelectable(planned.bags, this.#selection.rule, model.description);
    }
    this.progress.steps = planned.steps.length;
    this.progress.epochs = this.job.spec.training.epochs;
    this.progress.notice('quarantine', quarantine.notice);
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
    await quarantine.add([error], cohort, { identity, decisive: this.#decisiveSplits });
    const planned = this.#plan(prepared);
    this.#work = this.#workOf(planned, prepared.model);
    return { ...prepared, ...planned };
  }

  async #evaluate(prepared: Prepared, version: number): Promise<void> {
    const { bags, steps, model, servers, quarantine, notes } = prepared;
    await this.#files.requireUnchanged(bags.flatMap(({ slides }) => slides));
    await evaluateRun({
      job: this.job,
      output: this.#options.config.output,
      version,
      selection: this.#selection?.written(this.progress.epochs),
      bags,
      steps: steps.slice(0, this.progress.step),
      quarantined: quarantine.slides,
      notes,
      model,
      servers,
      pool: this.pool,
      source: this.#run.source,
      progress: this.progress,
      usage: this.usage,
      measured: () => measuredOf(this.#statusParts).measurement ?? undefined,
      logger: this.#options.logger,
    });
  }

  #welcome(model: Model, servers: Welcome['servers']): Welcome {
    const { leaseMilliseconds } = this.#options.config;
    const generation = this.#generations.number;
    const { tiles } = this.#run;
    const store = this.#store;
    return welcomeOf(this.job.spec, model, { tiles, generation, servers, store, leaseMilliseconds });
  }
}
