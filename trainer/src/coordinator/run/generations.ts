/**
 * A run's generations: each starts from a state that all parameter servers share and trains from there; the loss of a
 * parameter server ends it and the next one begins. Everything is a pure function of (cohort, spec, seed), so going back
 * changes no bit of the result.
 *
 *     loading ───► adopting ─────────────────► opening ───► training ──────────────────► evaluating ───► finished
 *      ▲   ▲           │ nothing that fits         ▲            └────► choosing ─────────────▲
 *      │   │           └───────► restoring ────────┘
 *      │   │
 *      │   └─ rollingBack ◄─── a server was lost, or is at another generation   (the 11th time without progress: failed)
 *      └───── quarantining ◄── a slide cannot be read
 *                  failed ◄─── anything else, and every failure in rollingBack and quarantining
 *
 * Once the run is to stop, a failure leads elsewhere, whatever it is:
 *
 *     training, evaluating ───► stopping ───► stopped
 *     any other state ──────────────────────► stopped     in both cases failed, when something cannot be written
 *
 *     loading       the recovery point in memory; without one the newest whole checkpoint, or the initial parameters
 *     adopting      what another coordinator has left on the servers and in its journal, when they fit and are newer
 *     restoring     all servers are given the state that was loaded
 *     opening       metrics.jsonl, journal and workers are brought to the version of the servers; their watch begins
 *     training      the steps from that version to the last, with their checkpoints
 *     choosing      with `training.selection`: the servers are given the checkpoint of the best epoch
 *     evaluating    predictions of all bags at the last version or the chosen one, and the result
 *     stopping      a checkpoint of the newest version
 *     quarantining  the run is planned without the slide, under the next generation
 *     rollingBack   the next generation
 *
 * What follows a failure is decided in `generation-states.ts`.
 */
import { ownText, publicText, sha256, WsiError, type PublicText } from '@wsi-operator/foundation';
import { bytesOf } from '@wsi-operator/protocol';
import type { StepPlan } from '../../plan/plan.ts';
import { FinishedTasks } from '../leases/finished-tasks.ts';
import { train } from '../learning/training.ts';
import { shownState } from '../../checkpoint/averaged-state.ts';
import { updateSpec } from '../../optimizer/index.ts';
import type { GenerationsParts, Prepared } from './generation-parts.ts';
import {
  afterFailure,
  afterStop,
  noRollbacks,
  type ActiveState,
  type FinalState,
  type GenerationState,
  type In,
} from './generation-states.ts';
import type { JournalRecord } from './journal-records.ts';
import { RecoveryPoints } from './recovery-points.ts';
import { ServerWatch } from './server-watch.ts';
import { pointOf, storedPoint } from './stored-point.ts';
import { takeOver } from './takeover.ts';
import { Versions } from './versions.ts';

export class Generations {
  readonly #parts: GenerationsParts;
  readonly #recovery: RecoveryPoints;
  readonly #finished: FinishedTasks;
  readonly #versions: Versions;
  /** JSON: what the servers are given of the job. */
  readonly #optimizer: string;
  #number = 0;
  /** What another coordinator may have left; adopted once. */
  #left: Promise<readonly JournalRecord[]>;

  constructor(parts: GenerationsParts) {
    this.#parts = parts;
    this.#recovery = new RecoveryPoints(parts);
    this.#finished = new FinishedTasks(parts.journal);
    this.#versions = new Versions(parts, {
      recovery: this.#recovery,
      finished: this.#finished,
      generation: () => this.#number,
    });
    this.#optimizer = JSON.stringify(updateSpec(parts.job.spec.training));
    this.#left = parts.journal.read();
  }

  get number(): number {
    return this.#number;
  }

  async advance(): Promise<void> {
    this.#number = await this.#parts.numbers.next();
  }

  /**
   * Resolves when a generation came to the result, or when the run was stopped.
   * @throws WsiError the reason why the run failed
   */
  async run(prepared: Prepared, stop: AbortSignal): Promise<'finished' | 'stopped'> {
    let state: GenerationState = { state: 'loading', run: { prepared, rollbacks: noRollbacks } };
    for (;;) {
      if (state.state === 'failed') throw state.error;
      if (state.state === 'finished' || state.state === 'stopped') return state.state;
      const next: GenerationState = await this.#next(state, stop);
      // The watch goes from state to state; the last one that has it ends it.
      if ('watch' in state && !('watch' in next && next.watch === state.watch)) state.watch.end();
      state = next;
    }
  }

  async #next(state: ActiveState, stop: AbortSignal): Promise<GenerationState> {
    try {
      switch (state.state) {
        case 'loading':
          return await this.#load(state);
        case 'adopting':
          return await this.#adopt(state, stop);
        case 'restoring':
          return await this.#restore(state, stop);
        case 'opening':
          return await this.#open(state, stop);
        case 'training':
          return await this.#train(state);
        case 'choosing':
          return await this.#choose(state, stop);
        case 'evaluating':
          return await this.#evaluate(state);
        case 'stopping':
          return await this.#stop(state);
        case 'quarantining':
          return await this.#quarantine(state);
        case 'rollingBack':
          return await this.#rollBack(state);
      }
    } catch (thrown) {
      const reached = this.#recovery.newest?.version ?? this.#parts.progress.checkpointStep;
      return afterFailure(state, WsiError.from(thrown), { stop: stop.aborted, reached });
    }
  }

  async #load({ run }: In<'loading'>): Promise<In<'adopting'>> {
    const { prepared } = run;
    let point = this.#recovery.newest;
    if (point?.identity !== prepared.identity) {
      this.#finished.clear();
      point = await storedPoint(prepared, this.#parts);
      await this.#parts.setResultAside();
      this.#recovery.hold(point);
    }
    return { state: 'adopting', run, point };
  }

  async #adopt({ run, point }: In<'adopting'>, stop: AbortSignal): Promise<In<'opening'> | In<'restoring'>> {
    const { progress, logger } = this.#parts;
    progress.begin('waiting', 0, publicText`waiting for parameter servers`);
    const records = await this.#left;
    this.#left = Promise.resolve([]);
    const takeover = {
      records,
      generation: this.#number,
      optimizer: this.#optimizer,
      finished: this.#finished,
    };
    const start = await takeOver(run.prepared, takeover, this.#parts, stop);
    if (start === undefined) return { state: 'restoring', run, point };
    logger.info(
      { step: start.version, finished: start.embedded.size },
      'going on where the last coordinator stopped',
    );
    return { state: 'opening', run, start };
  }

  async #restore({ run, point }: In<'restoring'>, stop: AbortSignal): Promise<In<'opening'>> {
    this.#finished.forgetLeaves();
    await run.prepared.servers.begin(this.#number, this.#optimizer, point, stop);
    const { version, tiles, trainingSeconds } = point;
    return { state: 'opening', run, start: { version, tiles, trainingSeconds, lines: [] } };
  }

  async #open({ run, start }: In<'opening'>, stop: AbortSignal): Promise<In<'training'>> {
    const { progress, metrics, pool } = this.#parts;
    const { prepared } = run;
    const { model, servers, steps } = prepared;
    const { version, tiles, trainingSeconds, lines } = start;
    progress.goOnFrom({ step: version, tiles, trainingSeconds });
    progress.epoch = steps[version]?.epoch ?? progress.epochs - 1;
    const loss = lines.at(-1)?.loss;
    if (loss !== undefined) progress.metrics['loss'] = loss;
    await metrics.cutBack(version, lines);
    await this.#openSelection(version, steps);
    await this.#versions.beginJournal(prepared);
    pool.begin(this.#parts.welcome(model, servers.ranges));
    progress.begin('training', 0);
    return { state: 'training', run, version, watch: this.#watch(prepared, stop) };
  }

  #watch(prepared: Prepared, stop: AbortSignal): ServerWatch {
    return new ServerWatch(prepared.servers, stop, {
      leaving: () => this.#versions.saveBeforeLoss(prepared),
      // Nobody waits for tasks that cannot be done any more.
      lost: (reason) => this.#parts.pool.cancelAll(reason),
    });
  }

  /** Epochs whose scores are lost cannot be chosen, which is said. */
  async #openSelection(version: number, steps: readonly StepPlan[]): Promise<void> {
    const { selection, progress, logger } = this.#parts;
    if (selection === undefined) return;
    await selection.open(version);
    const ends = steps.filter(({ step, epoch }) => step + 1 < version && steps[step + 1]?.epoch !== epoch);
    const lost = ends.filter(({ step }) => !selection.has(step + 1)).map(({ epoch }) => epoch + 1);
    progress.notice('selection', lost.length === 0 ? undefined : lostScores(lost.length));
    if (lost.length > 0) logger.warn({ epochs: lost }, 'selection.json lacks epochs: they cannot be chosen');
  }

  async #train({ run, version, watch }: In<'training'>): Promise<In<'evaluating'> | In<'choosing'>> {
    const { job, pool, progress, metrics, files, measurement, usage, selection } = this.#parts;
    const { prepared } = run;
    const { model, steps, bags, servers } = prepared;
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
        selection,
        usage,
        commit: (request, line) => this.#versions.commit(prepared, request, line),
        committed: (line) => this.#versions.committed(prepared, line),
        checkpoint: (of) => this.#versions.checkpoint(prepared, of),
      },
      version,
      watch.signal,
    );
    if (selection !== undefined) return { state: 'choosing', run, watch };
    return { state: 'evaluating', run, version: progress.step, watch };
  }

  async #choose({ run, watch }: In<'choosing'>, stop: AbortSignal): Promise<In<'evaluating'>> {
    const { progress, pool, checkpoints, selection, logger } = this.#parts;
    const { prepared } = run;
    const version = selection?.selected.best?.version;
    if (selection === undefined || version === undefined) throw nothingChosen(selection?.rule.metric);
    await selection.choose(version);
    // Where patience has run out, these were all the steps.
    progress.steps = progress.step;
    const { reason } = selection.written(progress.epochs) ?? {};
    logger.info({ step: version, trained: progress.step, reason }, 'epoch chosen');
    if (version === progress.step) return { state: 'evaluating', run, version, watch };
    progress.begin('waiting', 0, publicText`going back to the chosen epoch`);
    const point = pointOf(await checkpoints.load(version), prepared);
    // The servers' return to an older version is no loss.
    watch.end();
    await this.advance();
    await prepared.servers.begin(this.#number, this.#optimizer, point, stop);
    progress.parametersSha256 = sha256(bytesOf(shownState(point).parameters));
    pool.begin(this.#parts.welcome(prepared.model, prepared.servers.ranges));
    return { state: 'evaluating', run, version, watch: this.#watch(prepared, stop) };
  }

  async #evaluate({ run, version }: In<'evaluating'>): Promise<In<'finished'>> {
    await this.#parts.evaluate(run.prepared, version);
    return { state: 'finished' };
  }

  async #stop({ run, watch, error }: In<'stopping'>): Promise<FinalState> {
    await this.#versions.checkpointOnStop(run.prepared);
    return afterStop(watch.lost ?? error);
  }

  async #quarantine({ run, error }: In<'quarantining'>): Promise<In<'loading'>> {
    const prepared = await this.#parts.withoutSlide(run.prepared, error);
    await this.advance();
    return { state: 'loading', run: { ...run, prepared } };
  }

  async #rollBack({ run, error, to }: In<'rollingBack'>): Promise<In<'loading'>> {
    this.#parts.logger.warn({ reason: error.message, step: to }, 'going back to the last recovery point');
    await this.advance();
    return { state: 'loading', run };
  }
}

function nothingChosen(metric = 'the metric'): WsiError {
  return new WsiError(
    'InvalidCohort',
    publicText`no epoch can be chosen: ${ownText(metric)} of the validation set is never defined`,
    {
      where: publicText`spec.training.selection`,
      remedy: publicText`Choose another metric, or a larger cohort.split.validation.`,
    },
  );
}

function lostScores(epochs: number): PublicText {
  return publicText`selection.json lacks ${epochs} of the epochs before the checkpoint: they cannot be chosen`;
}
