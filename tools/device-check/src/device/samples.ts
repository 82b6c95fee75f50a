/** What NVIDIA's driver says of a device while it computes (pure): one line of `nvidia-smi` each time it is asked. */

/** Of `nvidia-smi --query-gpu`, in the order of {@link DeviceSample}. */
export const QUESTION = [
  '--query-gpu=utilization.gpu,memory.used,memory.total,power.draw',
  '--format=csv,noheader,nounits',
] as const;

/** What the driver does not tell of a device (slices of MIG, older kinds) is undefined. */
export interface DeviceSample {
  /** Percent of the time since the driver last looked, in which anything computed. */
  readonly utilisation: number | undefined;
  /** Of the whole device, other programs included. */
  readonly memoryBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  readonly watts: number | undefined;
}

/** Of all samples in which the driver told it. */
export interface DeviceSummary {
  readonly samples: number;
  readonly medianUtilisation: number | undefined;
  readonly peakMemoryBytes: number | undefined;
  readonly memoryTotalBytes: number | undefined;
  readonly medianWatts: number | undefined;
}

const MIB = 2 ** 20;

/**
 * The sample in the first line of four cells; undefined without one. The driver writes `[N/A]` or `[Not Supported]` for what it
 * does not know.
 */
export function parseSample(text: string): DeviceSample | undefined {
  const cells = text
    .split('\n')
    .map((line) => line.split(',').map((cell) => cell.trim()))
    .find((row) => row.length === 4 && row.every((cell) => /^(\d+(\.\d+)?|\[.*\])$/.test(cell)));
  if (cells === undefined) return undefined;
  const [utilisation, used, total, watts] = cells.map((cell) =>
    cell.startsWith('[') ? undefined : Number(cell),
  );
  return {
    utilisation,
    memoryBytes: used === undefined ? undefined : used * MIB,
    memoryTotalBytes: total === undefined ? undefined : total * MIB,
    watts,
  };
}

export function summarise(samples: readonly DeviceSample[]): DeviceSummary {
  const known = (of: (sample: DeviceSample) => number | undefined): number[] =>
    samples.flatMap((sample) => of(sample) ?? []);
  const highest = (values: readonly number[]): number | undefined =>
    values.length === 0 ? undefined : Math.max(...values);
  return {
    samples: samples.length,
    medianUtilisation: median(known(({ utilisation }) => utilisation)),
    peakMemoryBytes: highest(known(({ memoryBytes }) => memoryBytes)),
    memoryTotalBytes: highest(known(({ memoryTotalBytes }) => memoryTotalBytes)),
    medianWatts: median(known(({ watts }) => watts)),
  };
}

function median(values: readonly number[]): number | undefined {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? sorted[Math.floor(middle)]
    : sorted.length === 0
      ? undefined
      : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
