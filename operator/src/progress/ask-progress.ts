/** One question to a coordinator: how far is it? */
import { callUnary, type StatusClient } from '@wsi-operator/protocol';
import type { TrainingProgress } from '../plan/training-progress.ts';
import { boundedProgress } from './bounded-progress.ts';

/** A coordinator that is busy or stopped for longer than this is treated as one that does not answer. */
const DEADLINE_MILLISECONDS = 1_000;

/**
 * @param deadlineMilliseconds longer where nobody waits for the answer: a coordinator that computes answers late
 * @throws WsiError `Unavailable` when it does not answer in time, or what it refuses with; `Internal` for an answer
 *   that is larger than a coordinator's, or that is none
 */
export async function askProgress(
  client: StatusClient,
  peer: string,
  deadlineMilliseconds = DEADLINE_MILLISECONDS,
): Promise<TrainingProgress> {
  const target = { peer, deadlineMilliseconds };
  return boundedProgress(await callUnary(client.Status.bind(client), {}, target));
}
