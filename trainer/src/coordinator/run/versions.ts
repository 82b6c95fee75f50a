/**
 * The versions of a run: each step makes the next one on all servers, and what is kept of it is in three places: a line in
 * the journal, from time to time a recovery point in memory, and less often a checkpoint.
 */
import { ownText, publicText, sha256, WsiError } from '@wsi-operator/foundation';
import { bytesOf, type CommitRequest } from '@wsi-operator/protocol';
import { shownState } from '../../checkpoint/averaged-state.ts';
import { knownCases } from '../../plan/known-cases.ts';
import { Turn } from '../../turn.ts';
import type { FinishedTasks } from '../leases/finished-tasks.ts';
import type { StepLine } from '../learning/metrics-log.ts';
import type { GenerationsParts, Prepared } from './generation-parts.ts';
import type { StartedLine } from './journal-records.ts';
import type { RecoveryPoint, RecoveryPoints } from './recovery-points.ts';

export class Versions {
  readonly #parts: GenerationsParts;
  readonly #recovery: RecoveryPoints;
  readonly #finished: FinishedTasks;
  readonly #generation: () => number;
  /** Commits and snapshots, one after another: a snapshot is of one version on all servers. */
  readonly #turn = new Turn();

  constructor(
    parts: GenerationsParts,
    of: { recovery: RecoveryPoints; finished: FinishedTasks; generation: () => number },
  ) {
    this.#parts = parts;
    this.#recovery = of.recovery;
    this.#finished = of.finished;
    this.#generation = of.generation;
  }

  /** Applies a step on all servers. Returns its seconds. */
  commit(
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

  /** Notes that a step is applied. */
  async committed(prepared: Prepared, line: StepLine): Promise<void> {
    const { journal, metrics, progress } = this.#parts;
    const { tiles, trainingSeconds } = progress;
    this.#finished.committed(line.step + 1);
    await journal.append({ kind: 'committed', line, tiles, trainingSeconds });
    this.#recovery.offer(() => this.#snapshot(prepared));
    await metrics.append(line);
  }

  /** Begins the journal at the present version. */
  beginJournal({ servers, identity }: Prepared): Promise<void> {
    const { journal, progress, clock } = this.#parts;
    const { step: version, tiles, trainingSeconds } = progress;
    const generations = [this.#generation()];
    const time = clock.now();
    const run = { identity, generations, servers: servers.members, version, tiles, trainingSeconds, time };
    return journal.begin([{ kind: 'begin', format: 1, ...run }, ...this.#finished.records()]);
  }

  /** Writes the newest version as a checkpoint. @throws WsiError `StorageFailed`, and what the servers say */
  async checkpoint(prepared: Prepared, version: number): Promise<void> {
    const { model, identity, prefix, bags, initial } = prepared;
    const { checkpoints, progress, usage, measurement, job, logger, selection } = this.#parts;
    const held = this.#recovery.newest;
    const point = held?.version === version ? held : await this.#snapshot(prepared);
    this.#recovery.hold(point);
    const { tiles, trainingSeconds } = point;
    const { parameters, state } = shownState(point);
    const parametersSha256 = sha256(bytesOf(parameters));
    const { description, space } = model;
    await usage.timedAsync('checkpoint', () =>
      checkpoints.write(
        {
          cursor: {
            step: version,
            identity,
            ...(prefix === undefined ? {} : { prefix }),
            parametersSha256,
            tiles,
            trainingSeconds,
            model: description,
            measurement: measurement.store(),
            ...(Object.keys(initial.digests).length === 0 ? {} : { initial: initial.digests }),
            cohort: knownCases(bags, { bag: job.spec.cohort.bag, identity }),
          },
          tensors: space.named(parameters),
          state,
        },
        job.spec.checkpoint.keep,
        selection?.selected.best?.version,
      ),
    );
    progress.checkpointStep = version;
    progress.parametersSha256 = parametersSha256;
    logger.info({ step: version, parametersSha256: ownText(parametersSha256) }, 'checkpoint written');
    await this.beginJournal(prepared);
  }

  /** Without the parameter servers the last checkpoint stands. @throws WsiError `StorageFailed` */
  async checkpointOnStop(prepared: Prepared): Promise<void> {
    const { progress, logger } = this.#parts;
    const { step, checkpointStep } = progress;
    if (step === checkpointStep) return;
    progress.begin('stopping', 0, publicText`writing a checkpoint`);
    try {
      await this.checkpoint(prepared, step);
    } catch (error) {
      if (WsiError.from(error).code === 'StorageFailed') throw error;
      logger.warn({ error, checkpointStep }, 'no checkpoint at the stop: the last one stands');
    }
  }

  /** Takes a recovery point of the newest version while a server that is about to stop waits for it, and lets it go. */
  async saveBeforeLoss(prepared: Prepared): Promise<void> {
    if (this.#recovery.newest?.version !== this.#parts.progress.step) {
      await this.#recovery.take(() => this.#snapshot(prepared));
    }
    await prepared.servers.farewell();
  }

  /** The newest version, whatever else goes on. */
  #snapshot({ servers, identity }: Prepared): Promise<RecoveryPoint> {
    const { progress } = this.#parts;
    return this.#turn.take(async () => {
      const { step, tiles, trainingSeconds } = progress;
      return { ...(await servers.snapshot(step)), identity, tiles, trainingSeconds };
    });
  }
}
