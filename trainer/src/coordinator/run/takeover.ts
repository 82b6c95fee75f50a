/** Takes over a run that another coordinator led until now: its journal and what the servers hold, if the two fit. */
import type { FinishedTasks } from '../leases/finished-tasks.ts';
import type { GenerationsParts, Prepared } from './generation-parts.ts';
import { applied, replayJournal, type JournalRecord, type JournalState } from './journal-records.ts';
import type { AdoptedServers } from './server-group.ts';

export interface Takeover {
  /** What the other coordinator has left in the journal. */
  readonly records: readonly JournalRecord[];
  /** Of this coordinator. */
  readonly generation: number;
  /** JSON of `spec.training.optimizer`. */
  readonly optimizer: string;
  /** Takes up the results that servers and journal hold of steps that are not applied. */
  readonly finished: Pick<FinishedTasks, 'adopt'>;
}

/**
 * The state that servers and journal hold together, or undefined when they do not fit.
 * @throws the signal's reason, and nothing else
 */
export async function takeOver(
  { servers, identity }: Prepared,
  { records, generation, optimizer, finished }: Takeover,
  { progress, logger, journal }: Pick<GenerationsParts, 'progress' | 'logger' | 'journal'>,
  signal: AbortSignal,
): Promise<JournalState | undefined> {
  const left = replayJournal(records);
  if (left?.begin.identity !== identity || left.version < progress.checkpointStep) return undefined;
  const generations = [...left.begin.generations, generation];
  try {
    // Before a server is at the new generation: should this coordinator end now, too, its successor knows it.
    await journal.begin([{ ...left.begin, generations }, ...records.slice(1)]);
    const adopted = await servers.adopt(generation, optimizer, left.begin, signal);
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
    finished.adopt(state.embedded, adopted.leaves);
    return state;
  } catch (reason) {
    signal.throwIfAborted();
    logger.info({ reason: String(reason) }, 'what the servers hold cannot be taken over');
    return undefined;
  }
}

/** Every server is at the journal's version, or at the one that the pending step makes. */
function fits({ version, pending }: JournalState, { versions }: AdoptedServers): boolean {
  return versions.every((held) => held === version || (pending !== undefined && held === version + 1));
}
