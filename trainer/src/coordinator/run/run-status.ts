/** What a run says of itself in the answer to a `Status` call. */
import type { Details } from '@wsi-operator/foundation';
import type { StatusReply } from '@wsi-operator/protocol';
import type { RunMeasurement } from '../../measurement/run-measurement.ts';
import type { WorkPlan } from '../../plan/workload.ts';
import type { UsageMeter } from '../../usage.ts';
import type { WorkerPool } from '../leases/worker-pool.ts';
import { peak, sumPhases } from '../learning/result.ts';
import type { Progress } from './progress.ts';
import type { ServerGroup } from './server-group.ts';

export interface StatusParts {
  readonly progress: Progress;
  readonly pool: WorkerPool;
  readonly measurement: RunMeasurement;
  /** Of the coordinator. */
  readonly usage: UsageMeter;
  readonly generation: number;
  /** Undefined until the run is planned. */
  readonly servers: ServerGroup | undefined;
  readonly work: WorkPlan | undefined;
  /** Whether names may be in the message. */
  readonly details: Details;
}

export function statusOf(parts: StatusParts): StatusReply {
  const { progress, pool, usage, servers, work } = parts;
  const workerUsages = pool.usages().map(({ usage: of }) => of);
  const serverUsages = servers?.usages() ?? [];
  return {
    phase: progress.phase,
    step: progress.step,
    steps: progress.knownSteps,
    epoch: progress.epoch,
    epochs: progress.epochs,
    tiles: progress.tiles,
    tilesPerSecond: progress.tilesPerSecond,
    etaSeconds: progress.etaSeconds(work?.remainingTiles(progress.step, 0) ?? 0),
    metrics: progress.metrics,
    parametersSha256: progress.parametersSha256,
    checkpointStep: progress.checkpointStep,
    peakMemoryBytes: {
      coordinator: usage.read().peakResidentBytes,
      server: peak(serverUsages),
      worker: peak(workerUsages),
    },
    workersConnected: pool.connected,
    serversConnected: servers?.connected ?? 0,
    message: progress.text(parts.details),
    fraction: progress.fraction,
    phaseSeconds: sumPhases([...workerUsages, ...serverUsages]),
    generation: parts.generation,
    elapsedSeconds: progress.elapsedSeconds,
    stepTiles: work?.stepTiles(progress.step) ?? 0,
    stepTilesDone: progress.stepTilesDone,
    surveyedSlides: progress.surveyed.slides,
    slides: progress.surveyed.of,
    surveyedTiles: progress.surveyed.tiles,
    ...measuredOf(parts),
  };
}

/** What the run measured; nothing before its first step. */
export function measuredOf({
  progress,
  measurement,
  usage,
  servers,
  work,
}: StatusParts): Pick<StatusReply, 'measurement'> {
  const { step, phase, fraction } = progress;
  if (work === undefined || step === 0) return {};
  measurement.noteMemory({ servers: servers?.current() ?? [], coordinator: usage.read() });
  const evaluated = phase === 'evaluating' || phase === 'finished' ? fraction : 0;
  return { measurement: measurement.read(work, { step, evaluated }) };
}
