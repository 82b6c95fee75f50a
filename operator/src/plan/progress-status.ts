/** The coordinator's word on the run, as fields of the status. Nothing is cleared while it does not answer. */
import { formatDuration, type WsiTrainingJobStatus } from '@wsi/api';
import type { TrainingProgress } from '../cluster/port.ts';

export function progressStatus(progress: TrainingProgress | undefined): Partial<WsiTrainingJobStatus> {
  if (progress === undefined) return {};
  const { epoch, epochs, step, steps, etaSeconds } = progress;
  const fraction = steps === 0 ? 0 : Math.min(1, step / steps);
  const eta =
    etaSeconds !== undefined && Number.isFinite(etaSeconds) && etaSeconds > 0 ? etaSeconds : undefined;
  const memory = progress.peakMemoryBytes;
  return {
    progress: {
      epoch,
      epochs,
      step,
      steps,
      fraction,
      summary: `${Math.floor(fraction * 100)}% ${epoch}/${epochs} epochs`,
      ...(eta === undefined ? {} : { etaSeconds: eta, eta: formatDuration(Math.ceil(eta)) }),
    },
    throughput: { tilesPerSecond: progress.tilesPerSecond },
    memory: {
      ...(memory['coordinator'] === undefined ? {} : { coordinator: memory['coordinator'] }),
      ...(memory['server'] === undefined ? {} : { parameterServers: memory['server'] }),
      ...(memory['worker'] === undefined ? {} : { workers: memory['worker'] }),
    },
    metrics: finite(progress.metrics),
    ...(progress.parametersSha256 === '' ? {} : { parametersSha256: progress.parametersSha256 }),
    ...(progress.checkpointStep === 0 ? {} : { checkpoint: { step: progress.checkpointStep } }),
    message: words(progress),
  };
}

/** `training`, `surveying 42%`, or what the coordinator itself says. */
function words({ phase, fraction, message }: TrainingProgress): string {
  if (message !== '') return message;
  const partly = phase !== 'training' && fraction > 0 && fraction < 1;
  return partly ? `${phase} ${Math.floor(fraction * 100)}%` : phase;
}

/** JSON has no NaN: a metric that has none yet is left out. */
function finite(metrics: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.entries(metrics).filter(([, value]) => Number.isFinite(value)));
}
