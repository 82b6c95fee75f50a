/**
 * Which GPU each process of a run on this machine computes on. TensorFlow takes the first that it sees: without this all
 * workers would share it, whatever else the machine has.
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import { deviceOfProcess, devicePool, NO_DEVICE, VISIBLE_DEVICES } from '@wsi-operator/foundation';
import { TRAINER_CONTAINER, type Slot } from '../../job/names.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Handed out by the workers' index; without any, each worker sees what its environment says. */
export type GpuAssignment = readonly string[];

interface GpuRun {
  readonly job: WsiTrainingJob;
  /** What the processes inherit, and where nvidia-smi is looked for. */
  readonly environment?: Environment;
  /** Called with what the user should know of it. */
  readonly onNotice?: (notice: string) => void;
}

/**
 * The devices for the workers of a run: those of the user's CUDA_VISIBLE_DEVICES, or all that the driver lists.
 * @returns undefined for a run that does not compute on GPUs
 * @throws WsiError `InvalidArgument` for a wrong CUDA_VISIBLE_DEVICES; `Unavailable` when the driver does not work
 */
export async function assignGpus({
  job,
  environment = process.env,
  onNotice = () => undefined,
}: GpuRun): Promise<GpuAssignment | undefined> {
  const engine = workersVariable(job, 'WSI_TENSORFLOW') ?? environment['WSI_TENSORFLOW'];
  if (engine !== 'gpu') return undefined;
  // The template says it for all workers alike.
  if (workersVariable(job, VISIBLE_DEVICES) !== undefined) return [];
  const devices = await devicePool(environment);
  const workers = mostWorkers(job);
  if (devices === undefined && workers > 1) onNotice(UNLISTED);
  if (devices !== undefined && workers > devices.length) onNotice(sharing(job, workers, devices.length));
  return devices ?? [];
}

const UNLISTED =
  'there is no nvidia-smi to list the GPUs: all workers use the first one. Put its folder on the PATH, or name the GPUs in CUDA_VISIBLE_DEVICES (0,1,...)';

/** @returns what of the environment places a process, before that of its template */
export function gpuVariables(assignment: GpuAssignment | undefined, slot: Slot): Record<string, string> {
  if (assignment === undefined) return {};
  if (slot.role !== 'worker') return { [VISIBLE_DEVICES]: NO_DEVICE };
  const device = deviceOfProcess(assignment, slot.index);
  return device === undefined ? {} : { [VISIBLE_DEVICES]: device };
}

function mostWorkers({ spec: { workers, autoscaling } }: WsiTrainingJob): number {
  return Math.max(workers.replicas, autoscaling?.maximumWorkers ?? 0);
}

function sharing({ spec }: WsiTrainingJob, workers: number, devices: number): string {
  const pool = devices === 1 ? 'one GPU' : `${devices} GPUs`;
  const instead =
    spec.autoscaling === undefined ? `--workers ${devices}` : `autoscaling.maximumWorkers: ${devices}`;
  return (
    `${workers} workers share ${pool}: each has only a part of the memory, and more workers than GPUs are seldom faster. ` +
    `With ${instead} each has one of its own`
  );
}

/** A value of the workers' template, which is over everything that is inherited. */
function workersVariable({ spec }: WsiTrainingJob, name: string): string | undefined {
  const containers = spec.workers.template.spec?.containers ?? [];
  const env = containers.find((container) => container.name === TRAINER_CONTAINER)?.env ?? [];
  const found = (env as readonly { readonly name: string; readonly value?: string }[]).find(
    (variable) => variable.name === name,
  );
  return found === undefined ? undefined : (found.value ?? '');
}
