/**
 * TensorFlow's native binding, without the JavaScript library around it: tensors by number, and SavedModel sessions.
 * Only ever loaded on an engine thread; all its calls block.
 */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { librarySettings, type LibraryOptions } from './library-settings.ts';
import { loadQuietly } from './quiet-load.ts';

export interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_UINT8: number;
  readonly TF_Version: string;
  /** The array's memory is used in place where its alignment allows; it must not change until the tensor is deleted. */
  createTensor(shape: readonly number[], type: number, data: Float32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  /** A copy of the tensor in a new array. */
  tensorDataSync(id: number): Float32Array;
  loadSavedModel(directory: string, tags: string): number;
  deleteSavedModel(id: number): void;
  /** Names are comma-separated `node:output`. */
  runSavedModel(
    session: number,
    inputs: readonly number[],
    inputNames: string,
    outputNames: string,
  ): readonly { readonly id: number; readonly shape: readonly number[] }[];
  getNumOfTensors(): number;
  isUsingGpuDevice(): boolean;
}

/** dlopen's RTLD_NODELETE, which Node does not name. */
const KEEP_MAPPED = process.platform === 'darwin' ? 0x80 : 0x1000;

/** The level of TensorFlow's log at which nothing is kept back. */
const EVERYTHING = '0';

/** Seen from the binding. */
const FRAMEWORK = '../../deps/lib/libtensorflow_framework.so.2';

const BINDING = '@tensorflow/tfjs-node/lib/napi-v8/tfjs_binding.node';

/** Remembers, for the whole process, with how many threads and on which device libtensorflow was loaded. */
const LOADED = 'WSI_ENGINE_LOADED';

/**
 * Loads libtensorflow with this many threads. It reads its settings from the environment of the process when it is
 * loaded, once: a second load with others is refused.
 * @throws WsiError `EngineFailed`; `InvalidArgument` for settings of the environment that a GPU's numbers do not allow
 */
export function loadBinding({ threads, device }: LibraryOptions): Binding {
  const { variables } = librarySettings({ threads, device }, process.env);
  requireSameOptions(`${threads} thread(s) on the ${device}`);
  const quiet = variables['TF_CPP_MIN_LOG_LEVEL'] !== EVERYTHING;
  Object.assign(process.env, variables);
  requireRealEnvironment(variables);
  const binding = requireBinding(quiet);
  if (device === 'gpu' && !binding.isUsingGpuDevice()) {
    throw new WsiError('EngineFailed', publicText`TensorFlow sees no GPU.`, {
      remedy: publicText`Install the GPU variant (see README.md) and the NVIDIA driver, or choose the CPU.`,
    });
  }
  return binding;
}

function requireSameOptions(options: string): void {
  const [pid, loaded] = (process.env[LOADED] ?? '').split('/');
  if (pid === String(process.pid) && loaded !== options) {
    throw new WsiError(
      'EngineFailed',
      ownText(`TensorFlow is loaded with ${loaded} in this process, not ${options}.`),
      {
        remedy: publicText`Use the same number of threads and device for all engines of a process, or another process.`,
      },
    );
  }
  process.env[LOADED] = `${process.pid}/${options}`;
}

/**
 * `process.env` is a copy on threads that were not given the process's own environment, and libtensorflow would not
 * see the settings. The diagnostic report reads the real environment.
 */
function requireRealEnvironment(settings: Readonly<Record<string, string>>): void {
  // Without it the report looks up the host names of open sockets, and waits for the network.
  Object.assign(process.report, { excludeNetwork: true });
  const { environmentVariables } = process.report.getReport() as {
    readonly environmentVariables: Readonly<Record<string, string>>;
  };
  const lost = Object.entries(settings).find(([name, value]) => environmentVariables[name] !== value);
  if (lost === undefined) return;
  throw new WsiError('EngineFailed', ownText(`The setting ${lost[0]}=${lost[1]} did not reach TensorFlow.`), {
    remedy: publicText`Start the engine from the main thread, or from a worker thread made with env: SHARE_ENV.`,
  });
}

/** @param quiet whether what TensorFlow says while it is loaded is kept back */
function requireBinding(quiet: boolean): Binding {
  try {
    const addon: { exports: unknown } = { exports: {} };
    // Node unmaps an addon when the last thread that loaded it ends. TensorFlow's own threads and thread-local
    // destructors still need its code then: every process would end with a segmentation fault.
    const path = createRequire(import.meta.url).resolve(BINDING);
    if (quiet) loadQuietly(join(dirname(path), FRAMEWORK), KEEP_MAPPED);
    process.dlopen(addon, path, constants.dlopen.RTLD_LAZY | KEEP_MAPPED);
    return addon.exports as Binding;
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error);
    throw new WsiError('EngineFailed', ownText(`TensorFlow's binding does not load (${reason}).`), {
      remedy: publicText`Run \`npm run setup\`.`,
      cause: error,
    });
  }
}
