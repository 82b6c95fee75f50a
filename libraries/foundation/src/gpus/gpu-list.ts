/** The GPUs of this machine, in the order of their places on the PCI bus, as `nvidia-smi -L` lists them. */
import { WsiError } from '../errors.ts';
import { VISIBLE_DEVICES, visibleDevices } from './gpu-pool.ts';
import { askNvidiaSmi, type NvidiaSmi } from './nvidia-smi.ts';

/** What one process can compute on: a GPU, or a slice of one (MIG). */
export interface Gpu {
  /** `GPU-...` or `MIG-...`: what CUDA_VISIBLE_DEVICES takes, and does not change with the order of devices. */
  readonly id: string;
  /** The vendor's name, with the profile of a slice: `NVIDIA A100-SXM4-80GB, MIG 1g.10gb`. */
  readonly name: string;
}

/** @throws WsiError like {@link askNvidiaSmi}, and `Unavailable` when it lists none */
export async function listGpus(asked: NvidiaSmi = {}): Promise<readonly Gpu[]> {
  const text = await askNvidiaSmi(['-L'], asked);
  const gpus = parseGpuList(text);
  if (gpus.length > 0) return gpus;
  throw new WsiError('Unavailable', 'nvidia-smi lists no GPU', {
    remedy: 'Give the machine or the container a GPU (docker run --gpus all).',
  });
}

/**
 * The devices that processes of this machine may be given: those of CUDA_VISIBLE_DEVICES where it is set, or all that there
 * are.
 * @returns undefined when neither says it: CUDA may work all the same without nvidia-smi
 * @throws WsiError like {@link visibleDevices}, and `Unavailable` when the driver does not work
 */
export async function devicePool(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<readonly string[] | undefined> {
  const visible = visibleDevices(environment[VISIBLE_DEVICES]);
  if (visible !== undefined) return visible;
  try {
    return (await listGpus({ environment })).map(({ id }) => id);
  } catch (error) {
    if (error instanceof WsiError && error.code === 'NotFound') return undefined;
    throw error;
  }
}

const GPU_LINE = /^GPU \d+: (.+?) \(UUID: (GPU-[\w-]+)\)\s*$/;
/** Drivers before 470 name a slice by its GPU and two numbers. */
const SLICE_LINE = /^\s+MIG (\S+)\s+Device\s+\d+: \(UUID: (MIG-[\w/-]+)\)\s*$/;

/**
 * GPUs that are divided stand for their slices: CUDA uses nothing else of them. Lines of another form (warnings of the
 * driver) are left out.
 */
export function parseGpuList(text: string): readonly Gpu[] {
  const found: { readonly gpu: Gpu; readonly slices: Gpu[] }[] = [];
  for (const line of text.split('\n')) {
    const [, name, id] = GPU_LINE.exec(line) ?? [];
    if (name !== undefined && id !== undefined) found.push({ gpu: { id, name }, slices: [] });
    const [, profile, slice] = SLICE_LINE.exec(line) ?? [];
    const whole = found.at(-1);
    if (profile !== undefined && slice !== undefined && whole !== undefined) {
      whole.slices.push({ id: slice, name: `${whole.gpu.name}, MIG ${profile}` });
    }
  }
  return found.flatMap(({ gpu, slices }) => (slices.length === 0 ? [gpu] : slices));
}
