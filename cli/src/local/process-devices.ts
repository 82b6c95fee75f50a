/** How many processes of this machine compute for a command, and on which devices. */
import { devicePool } from '@wsi-operator/foundation';

export interface ProcessDevices {
  readonly processes: number;
  /** GPUs, of which each process gets one; none where they compute on processors, or nothing lists them. */
  readonly devices: readonly string[];
}

/**
 * One process for each GPU, unless the user names another number.
 * @param onProcessors how many are a good number without GPUs
 * @throws WsiError `InvalidArgument` for a wrong CUDA_VISIBLE_DEVICES; `Unavailable` when the driver does not work
 */
export async function processDevices(
  workers: number | undefined,
  onProcessors: () => number,
): Promise<ProcessDevices> {
  const isOnGpus = process.env['WSI_TENSORFLOW'] === 'gpu';
  const devices = isOnGpus ? ((await devicePool(process.env)) ?? []) : [];
  return { processes: workers ?? (devices.length > 0 ? devices.length : onProcessors()), devices };
}
