/** Which GPU each of several processes of one machine computes on (pure). */
import { WsiError } from '../errors.ts';

/** The variable by which CUDA is told the devices that a process may see. */
export const VISIBLE_DEVICES = 'CUDA_VISIBLE_DEVICES';
/** What hides all of them. */
export const NO_DEVICE = '-1';

const DEVICE = /^(\d+|GPU-[0-9A-Fa-f-]+|MIG-[\w/-]+)$/;

/**
 * The devices that a user's CUDA_VISIBLE_DEVICES names, each once, in its order: numbers, UUIDs, slices.
 * @returns undefined when the variable is not set
 * @throws WsiError `InvalidArgument` for what is no list of devices, where CUDA would use the part before the fault, and
 *   for one that hides all
 */
export function visibleDevices(setting: string | undefined): readonly string[] | undefined {
  if (setting === undefined) return undefined;
  const words = setting.split(',').map((word) => word.trim());
  if (['', NO_DEVICE, 'NoDevFiles'].includes(setting.trim())) {
    throw invalid(setting, 'hides all GPUs, and WSI_TENSORFLOW=gpu asks for one');
  }
  const wrong = words.find((word) => !DEVICE.test(word));
  if (wrong !== undefined) throw invalid(setting, `has "${wrong}" in it, which names no GPU`);
  return [...new Set(words)];
}

function invalid(setting: string, problem: string): WsiError {
  return new WsiError('InvalidArgument', `"${setting}" ${problem}.`, {
    where: VISIBLE_DEVICES,
    remedy: 'Name GPUs by number or UUID, such as 0,1 (nvidia-smi -L lists them), or unset it for all.',
  });
}

/** The device of the process with this index: each gets one, and they take turns when there are more processes. */
export function deviceOfProcess(devices: readonly string[], index: number): string | undefined {
  return devices[index % devices.length];
}
