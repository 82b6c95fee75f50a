/** The process of one computation: one message in, perhaps progress and one answer out. */
import { computeBytes, measureSpeed, writeGradient } from './on-device.ts';
import { compareWithReference } from './reference.ts';
import type { ComputationAnswer, ComputationMessage, ComputationRequest } from './messages.ts';

process.once('message', (request: ComputationRequest) => {
  void compute(request)
    .catch((error: unknown) => ({
      kind: 'failed' as const,
      message: error instanceof Error ? error.message : String(error),
    }))
    .then((answer) => process.send!(answer, () => process.disconnect()));
});

async function compute(request: ComputationRequest): Promise<ComputationAnswer> {
  switch (request.kind) {
    case 'gradient':
      await writeGradient(request);
      return { kind: 'gradient' };
    case 'reference':
      return compareWithReference(request);
    case 'bytes':
      return computeBytes(request);
    case 'speed':
      return measureSpeed(request, request.seconds, (progress: ComputationMessage) =>
        process.send!(progress),
      );
  }
}
