/** An ONNX model that was tried out on two tiles, and embeds: synchronous at heart, so it belongs on a thread of its own. */
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { publicText, WsiError } from '@wsi-operator/foundation';
import { chosenTensor, requireEmbeddings, requireTiles, type DeclaredTensor } from './model-form.ts';
import type { Normalisation } from './onnx-options.ts';
import type { ThreadData } from './protocol.ts';

/** The bits depend on the number of threads; what is wanted faster is given more processes. */
const SETTINGS = {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
  graphOptimizationLevel: 'all',
  logSeverityLevel: 4,
} as const satisfies InferenceSession.SessionOptions;

// What is wrong is thrown, too, and then said once.
env.logLevel = 'fatal';

/** Relative: kernels for one tile and for two may add in another order. */
const ALIKE = 1e-3;
const GREYS = 256;

export class OnnxSession {
  /** D. */
  readonly size: number;
  readonly #loaded: Loaded;

  /** @throws WsiError `WeightsInvalid` for a file that is none; `InvalidArgument` for a model that embeds no tiles */
  static async open(data: ThreadData): Promise<OnnxSession> {
    const { options, tileSize } = data;
    const { file } = options;
    const session = await InferenceSession.create(data.bytes, {
      ...SETTINGS,
      executionProviders: [options.device],
    }).catch((error: unknown) => {
      throw unloadable(error, data);
    });
    const input = chosenTensor('input', declared(session.inputMetadata), { name: options.input, file });
    const output = chosenTensor('output', declared(session.outputMetadata), { name: options.output, file });
    requireTiles(input, { layout: options.layout, tileSize, file });
    const loaded = {
      ...data,
      session,
      input: input.name,
      output: output.name,
      greys: greysOf(options.normalisation),
    };
    return new OnnxSession(loaded, await tryOut(loaded));
  }

  private constructor(loaded: Loaded, size: number) {
    this.#loaded = loaded;
    this.size = size;
  }

  /** float32 [n, D]. @throws WsiError `EngineFailed`; `Diverged` when a number is not finite */
  async embed(tiles: Uint8Array, n: number): Promise<Float32Array<ArrayBuffer>> {
    const { values } = await run(this.#loaded, tiles, n);
    return values;
  }

  async close(): Promise<void> {
    await this.#loaded.session.release();
  }
}

interface Loaded extends ThreadData {
  readonly session: InferenceSession;
  readonly input: string;
  readonly output: string;
  /** float32 [3, 256]: what becomes of each value of a colour. */
  readonly greys: Float32Array;
}

function declared(metadata: readonly InferenceSession.ValueMetadata[]): DeclaredTensor[] {
  return metadata.map((value) =>
    value.isTensor
      ? { name: value.name, type: value.type, shape: value.shape }
      : { name: value.name, type: 'no tensor', shape: [] },
  );
}

/** Two tiles together and in the other order: each must be embedded as it is, whatever its neighbour. Returns D. */
async function tryOut(loaded: Loaded): Promise<number> {
  const length = loaded.tileSize ** 2 * 3;
  const pattern = (step: number): number[] => Array.from({ length }, (_, index) => (index * step) % GREYS);
  const [one, two] = [pattern(7), pattern(13)];
  const first = await run(loaded, Uint8Array.from([...one, ...two]), 2);
  const swapped = await run(loaded, Uint8Array.from([...two, ...one]), 2);
  const size = first.values.length / 2;
  const scale = first.values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const mixed = first.values.some((value, index) => {
    return Math.abs(value - swapped.values[(index + size) % (2 * size)]!) > ALIKE * scale;
  });
  if (!mixed) return size;
  throw new WsiError(
    'InvalidArgument',
    publicText`a tile's embedding depends on the other tiles that are computed with it`,
    {
      where: loaded.options.file,
      remedy: publicText`Export the model for inference (model.eval()), without statistics of the batch.`,
    },
  );
}

async function run(
  loaded: Loaded,
  tiles: Uint8Array,
  n: number,
): Promise<{ values: Float32Array<ArrayBuffer> }> {
  const { session, input, output, options, tileSize } = loaded;
  const dims = options.layout === 'NCHW' ? [n, 3, tileSize, tileSize] : [n, tileSize, tileSize, 3];
  let result: Tensor;
  try {
    const feeds = { [input]: new Tensor('float32', pixelsOf(loaded, tiles, n), dims) };
    const results = await session.run(feeds, [output]);
    result = results[output] as Tensor;
  } catch (error) {
    throw new WsiError('EngineFailed', `the model cannot be computed: ${messageOf(error)}`, {
      where: options.file,
      remedy: publicText`Check that it takes tiles of this size and layout (patches.size, --onnx-layout), and memory: a smaller patches.batch.`,
      cause: error,
    });
  }
  requireEmbeddings({ name: output, type: result.type, shape: result.dims }, n, options.file);
  const values = Float32Array.from(result.data as Float32Array);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong < 0) return { values };
  throw new WsiError('Diverged', `an embedding has the value ${values[wrong]}`, {
    where: options.file,
    summary: publicText`an embedding is not finite`,
    remedy: publicText`Check the normalisation (--normalise) and the export.`,
  });
}

/** float32, in the layout of the input. @param tiles uint8 [n, s, s, 3] */
function pixelsOf(
  { options: { layout }, greys, tileSize }: Loaded,
  tiles: Uint8Array,
  n: number,
): Float32Array {
  const places = tileSize ** 2;
  const values = new Float32Array(n * places * 3);
  for (let tile = 0; tile < n; tile++) {
    const start = tile * places * 3;
    for (let place = 0; place < places; place++) {
      for (let colour = 0; colour < 3; colour++) {
        const from = start + place * 3 + colour;
        const to = layout === 'NCHW' ? start + colour * places + place : from;
        values[to] = greys[colour * GREYS + tiles[from]!]!;
      }
    }
  }
  return values;
}

function greysOf({ mean, std }: Normalisation): Float32Array {
  return Float32Array.from({ length: 3 * GREYS }, (_, index) => {
    const colour = Math.floor(index / GREYS);
    return ((index % GREYS) / (GREYS - 1) - mean[colour]!) / std[colour]!;
  });
}

function unloadable(error: unknown, { options: { file, device } }: ThreadData): WsiError {
  const message = messageOf(error);
  if (device === 'cuda') {
    return new WsiError('EngineFailed', `the model does not load on a GPU: ${message}`, {
      where: file,
      remedy: publicText`ONNX Runtime's libraries for CUDA are not part of the installation: node node_modules/onnxruntime-node/script/install.js --onnxruntime-node-install=cuda12 fetches them (Linux x64). Or use --device cpu.`,
      cause: error,
    });
  }
  return new WsiError('WeightsInvalid', `it is no ONNX model that can be used: ${message}`, {
    where: file,
    remedy: publicText`Export the model again; onnx.checker.check_model says what is wrong with a file.`,
    cause: error,
  });
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, 500);
}
