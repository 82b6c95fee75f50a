/**
 * What TensorFlow and NVIDIA's libraries are told through the environment before they are loaded (pure). Each setting has a reason:
 * either the bits of results depend on it, so that a run cannot leave it to whoever starts it, or it is the user's to change.
 */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';

export interface LibraryOptions {
  /** Threads that one operation may use; a part of the numerical identity of the results. */
  readonly threads: number;
  readonly device: 'cpu' | 'gpu';
}

export interface LibrarySettings {
  /** Variables of the process's environment, set before the library is loaded. */
  readonly variables: Readonly<Record<string, string>>;
  /** What of the user's own settings counts, or does not, with its effect. */
  readonly notices: readonly string[];
}

type Environment = Readonly<Record<string, string | undefined>>;

/** TensorFlow's log: errors only. Its information and warnings are for its own developers. */
const ERRORS_ONLY = '2';

/** The part of the numerical identity that a GPU has. Another value in the environment is refused. */
const GPU_NUMBERS: Readonly<Record<string, string>> = {
  // cuDNN and cuBLAS otherwise round the factors of float32 products to 10 bits on devices since Ampere (TF32): gradients would
  // agree with those of a CPU to three digits at most, and differ between kinds of devices.
  NVIDIA_TF32_OVERRIDE: '0',
  // No sums in order of arrival, no algorithm chosen by a measurement of its time.
  TF_DETERMINISTIC_OPS: '1',
  TF_CUDNN_DETERMINISTIC: '1',
};

const MEMORY_GROWTH = 'TF_FORCE_GPU_ALLOW_GROWTH';

/** @throws WsiError `InvalidArgument` for a setting of the environment that would change the numbers on a GPU */
export function librarySettings(
  { threads, device }: LibraryOptions,
  environment: Environment,
): LibrarySettings {
  const numbers: Readonly<Record<string, string>> = {
    TF_NUM_INTRAOP_THREADS: String(threads),
    // Operations one after the other: the order of sums does not depend on the scheduler.
    TF_NUM_INTEROP_THREADS: '1',
    TF_ENABLE_ONEDNN_OPTS: '1',
  };
  const variables = { ...numbers, TF_CPP_MIN_LOG_LEVEL: environment['TF_CPP_MIN_LOG_LEVEL'] ?? ERRORS_ONLY };
  const notices = overruled(numbers, environment);
  if (device === 'cpu') return { variables: { ...variables, CUDA_VISIBLE_DEVICES: '-1' }, notices };
  requireNumbers(environment);
  // Without it TensorFlow takes nearly all memory of the device at once. The numbers do not depend on it.
  const growth = environment[MEMORY_GROWTH] ?? 'true';
  return {
    variables: { ...variables, ...GPU_NUMBERS, [MEMORY_GROWTH]: growth },
    notices: isOn(growth)
      ? notices
      : [
          ...notices,
          `${MEMORY_GROWTH}=${growth} of the environment counts: TensorFlow takes nearly all memory of the GPU when it starts, and no second process finds any`,
        ],
  };
}

/** On processors these were always set over the environment's; it is told now. */
function overruled(numbers: Readonly<Record<string, string>>, environment: Environment): string[] {
  return Object.entries(numbers).flatMap(([name, value]) => {
    const given = environment[name];
    if (given === undefined || given === value) return [];
    return [
      `${name}=${given} of the environment does not count: the results depend on it, and it is ${value}`,
    ];
  });
}

function requireNumbers(environment: Environment): void {
  for (const [name, value] of Object.entries(GPU_NUMBERS)) {
    const given = environment[name];
    if (given === undefined || isOn(given) === isOn(value)) continue;
    throw contrary(name, given);
  }
  const flags = environment['TF_XLA_FLAGS'];
  if (flags?.includes('auto_jit') === true) throw contrary('TF_XLA_FLAGS', flags);
}

function contrary(name: string, given: string): WsiError {
  return new WsiError(
    'InvalidArgument',
    ownText(`${name}=${given} of the environment would change the bits of all results on a GPU.`),
    {
      remedy: publicText`Unset ${ownText(name)}: runs compute in full float32, by deterministic operations.`,
    },
  );
}

/** As TensorFlow reads it. */
function isOn(value: string): boolean {
  return ['1', 'true'].includes(value.toLowerCase());
}
