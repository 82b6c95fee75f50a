/** Where progress comes from: the coordinator's gRPC `Status`, or a script in a test. */
import type { TrainingProgress } from '../plan/training-progress.ts';

export interface ProgressSource {
  /** @param address of the coordinator; undefined is returned when it does not answer (it may be starting) */
  read(address: string): Promise<TrainingProgress | undefined>;
  close(): void;
}
