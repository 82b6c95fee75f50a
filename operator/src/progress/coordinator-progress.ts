/** Progress asked of the coordinator over gRPC. One channel an address, kept between calls. */
import { connectStatus, type StatusClient } from '@wsi-operator/protocol';
import type { ProgressSource } from './progress-source.ts';
import type { TrainingProgress } from '../plan/training-progress.ts';
import { askProgress } from './ask-progress.ts';

export class CoordinatorProgress implements ProgressSource {
  readonly #clients = new Map<string, StatusClient>();

  async read(address: string): Promise<TrainingProgress | undefined> {
    const client = this.#clients.get(address) ?? connectStatus(address);
    this.#clients.set(address, client);
    try {
      return await askProgress(client, address);
    } catch {
      // Starting, restarting or busy: the next pass asks again, and a dead coordinator is seen as an ended pod.
      return undefined;
    }
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
    this.#clients.clear();
  }
}
