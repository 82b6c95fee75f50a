/** Progress asked of the coordinator over gRPC. One channel an address, kept between calls. */
import { callUnary, connectCoordinator, type CoordinatorClient, type StatusReply } from '@wsi/protocol';
import type { ProgressSource, TrainingProgress } from '../cluster/port.ts';

/** A coordinator that is busy or stopped for longer than this is treated as one that does not answer. */
const DEADLINE_MILLISECONDS = 1_000;

export class CoordinatorProgress implements ProgressSource {
  readonly #clients = new Map<string, CoordinatorClient>();

  async read(address: string): Promise<TrainingProgress | undefined> {
    const client = this.#clients.get(address) ?? connectCoordinator(address);
    this.#clients.set(address, client);
    try {
      const target = { peer: address, deadlineMilliseconds: DEADLINE_MILLISECONDS };
      return fromReply(await callUnary(client.Status.bind(client), {}, target));
    } catch {
      // Starting, restarting or busy: the next look asks again, and a dead coordinator is seen as an ended pod.
      return undefined;
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
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
  };
}
