/** One question to a coordinator: how far is it? */
import { callUnary, type CoordinatorClient, type Measurement, type StatusReply } from '@wsi/protocol';
import type { TrainingMeasurement, TrainingProgress } from '../cluster/port.ts';

/** A coordinator that is busy or stopped for longer than this is treated as one that does not answer. */
const DEADLINE_MILLISECONDS = 1_000;

/** @throws WsiError `Unavailable` when it does not answer in time, or what it refuses with */
export async function askProgress(client: CoordinatorClient, peer: string): Promise<TrainingProgress> {
  const target = { peer, deadlineMilliseconds: DEADLINE_MILLISECONDS };
  return fromReply(await callUnary(client.Status.bind(client), {}, target));
}

function fromReply(reply: StatusReply): TrainingProgress {
  return {
    phase: reply.phase,
    step: reply.step,
    steps: reply.steps,
    epoch: reply.epoch,
    epochs: reply.epochs,
    fraction: reply.fraction,
    tiles: reply.tiles,
    tilesPerSecond: reply.tilesPerSecond,
    etaSeconds: reply.etaSeconds,
    metrics: reply.metrics,
    parametersSha256: reply.parametersSha256,
    checkpointStep: reply.checkpointStep,
    peakMemoryBytes: reply.peakMemoryBytes,
    workersConnected: reply.workersConnected,
    message: reply.message,
    ...(reply.measurement ? { measurement: fromMeasurement(reply.measurement) } : {}),
  };
}

/** Messages that are not set are null on the wire. */
function fromMeasurement({ window, ...measured }: Measurement): TrainingMeasurement {
  return { ...measured, ...(window ? { window } : {}) };
}
