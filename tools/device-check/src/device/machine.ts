/** What is checked: the processor, or the GPUs that processes of this machine may be given. */
import { devicePool, listGpus, type Gpu, type NvidiaSmi } from '@wsi-operator/foundation';
import { availableParallelism, cpus } from 'node:os';

export interface CheckedDevice {
  /** In words; the same for devices of one kind. */
  readonly name: string;
  /** What CUDA_VISIBLE_DEVICES says in its processes; undefined: what it says here. */
  readonly visible?: string;
}

export interface Machine {
  readonly type: 'cpu' | 'gpu';
  /** At least one. Speed is that of the first. */
  readonly devices: readonly CheckedDevice[];
  /** What the reader must know of it, in sentences. */
  readonly remarks: readonly string[];
}

type Environment = NonNullable<NvidiaSmi['environment']>;

/**
 * @param type that is asked for
 * @throws WsiError `InvalidArgument` for a wrong CUDA_VISIBLE_DEVICES; `Unavailable` when the driver of the GPUs does not work
 */
export async function describeMachine(type: 'cpu' | 'gpu', environment: Environment): Promise<Machine> {
  return type === 'cpu' ? processorOf(environment) : gpusOf(environment);
}

async function processorOf(environment: Environment): Promise<Machine> {
  const gpus = await knownGpus(environment);
  const name = `${cpus()[0]?.model.trim() ?? 'processor'}, ${availableParallelism()} cores`;
  const remarks = ['**No GPU was checked**: all of this was computed on the processor.'];
  if (gpus.length > 0) {
    const names = gpus.map((gpu) => gpu.name).join(', ');
    remarks.push(`This machine has ${names}: \`WSI_TENSORFLOW=gpu npm run device-check\` checks it.`);
  }
  return { type: 'cpu', devices: [{ name }], remarks };
}

async function gpusOf(environment: Environment): Promise<Machine> {
  const pool = await devicePool(environment);
  const reference = 'The references of the gradients were computed on the processor.';
  if (pool === undefined) {
    const remark = 'Without `nvidia-smi` the first GPU that TensorFlow sees was checked.';
    return { type: 'gpu', devices: [{ name: 'a GPU' }], remarks: [remark, reference] };
  }
  const known = await knownGpus(environment);
  // Numbers count in the order of CUDA, which need not be that of the driver: they have no name.
  const devices = pool.map((visible) => ({
    visible,
    name: known.find((gpu) => /^\D/.test(visible) && gpu.id.startsWith(visible))?.name ?? `GPU ${visible}`,
  }));
  return { type: 'gpu', devices, remarks: [reference] };
}

/** None where nothing can be asked, which the checks themselves will tell. */
function knownGpus(environment: Environment): Promise<readonly Gpu[]> {
  return listGpus({ environment }).catch(() => []);
}
