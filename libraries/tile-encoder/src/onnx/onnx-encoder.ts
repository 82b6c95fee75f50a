/** Any encoder, as an ONNX file. */
import { once } from 'node:events';
import { basename, extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import { publicText, WsiError } from '@wsi-operator/foundation';
import type { TileEncoder, TileEncoderFacts } from '../tile-encoder.ts';
import { readOnnx } from './onnx-file.ts';
import { onnxDigest, type OnnxOptions } from './onnx-options.ts';
import { LOADED, type OnnxAnswer, type OnnxRequest, type ThreadData } from './protocol.ts';

interface Pending {
  readonly resolve: (answer: OnnxAnswer) => void;
  readonly reject: (error: WsiError) => void;
}

const THREAD = new URL('./thread.ts', import.meta.url);

/** What is known without computing. @throws WsiError `WeightsInvalid`, `NotFound` */
export async function onnxFacts(options: OnnxOptions): Promise<TileEncoderFacts> {
  return factsOf(await readOnnx(options.file), options);
}

function factsOf(bytes: Uint8Array, options: OnnxOptions): TileEncoderFacts {
  return { name: basename(options.file, extname(options.file)), digest: onnxDigest(bytes, options) };
}

export class OnnxEncoder implements TileEncoder {
  readonly name: string;
  readonly digest: string;
  readonly #worker: Worker;
  readonly #pending = new Map<number, Pending>();
  #size = 0;
  #nextId = LOADED + 1;
  #failure: WsiError | undefined;

  /**
   * Loads the model and tries it out.
   * @throws WsiError `WeightsInvalid` for a file that is none; `InvalidArgument` for a model that embeds no such tiles;
   *   `EngineFailed`
   */
  static async start(options: OnnxOptions, tileSize: number): Promise<OnnxEncoder> {
    const bytes = await readOnnx(options.file);
    const facts = factsOf(bytes, options);
    const workerData: ThreadData = { bytes, options, tileSize };
    const worker = new Worker(THREAD, { workerData, transferList: [bytes.buffer], name: 'wsi-onnx' });
    const encoder = new OnnxEncoder(facts, worker);
    const loaded = await encoder.#answerOf(LOADED);
    if ('size' in loaded) encoder.#size = loaded.size;
    return encoder;
  }

  private constructor({ name, digest }: TileEncoderFacts, worker: Worker) {
    this.name = name;
    this.digest = digest;
    this.#worker = worker;
    worker.on('message', (answer: OnnxAnswer) => this.#settle(answer));
    worker.on('error', (error) => this.#fail(WsiError.from(error, 'EngineFailed')));
    worker.on('exit', () =>
      this.#fail(new WsiError('EngineFailed', publicText`the thread of ONNX Runtime has ended`)),
    );
  }

  get size(): number {
    return this.#size;
  }

  async embed(tiles: Uint8Array, n: number): Promise<Float32Array> {
    const id = this.#nextId++;
    const answered = this.#answerOf(id);
    if (this.#failure === undefined) this.#worker.postMessage({ id, tiles, n } satisfies OnnxRequest);
    const answer = await answered;
    if ('embeddings' in answer) return answer.embeddings;
    throw new WsiError('Internal', publicText`the thread of ONNX Runtime answered something else`);
  }

  async close(): Promise<void> {
    if (this.#failure !== undefined) return;
    const ended = once(this.#worker, 'exit');
    this.#worker.postMessage(null);
    await ended;
  }

  #answerOf(id: number): Promise<OnnxAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => this.#pending.set(id, { resolve, reject }));
  }

  #settle(answer: OnnxAnswer): void {
    const pending = this.#pending.get(answer.id);
    this.#pending.delete(answer.id);
    if (!('error' in answer)) {
      pending?.resolve(answer);
      return;
    }
    const { code, problem, where, remedy } = answer.error;
    pending?.reject(
      new WsiError(code, problem, {
        ...(where === undefined ? {} : { where }),
        ...(remedy === undefined ? {} : { remedy }),
      }),
    );
  }

  #fail(failure: WsiError): void {
    this.#failure ??= failure;
    for (const { reject } of this.#pending.values()) reject(this.#failure);
    this.#pending.clear();
  }
}
