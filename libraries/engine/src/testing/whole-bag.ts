/**
 * Support for tests, of this package and of others: the embedding and the gradient of a whole bag, by ordinary
 * backpropagation through one graph that holds all tiles at once. It is what the two passes over shards must equal.
 * Its memory grows with the bag; training never uses it.
 */
import { WsiError } from '@wsi-operator/foundation';
import { once } from 'node:events';
import { SHARE_ENV, Worker } from 'node:worker_threads';
import type { FloatType } from '../graph/graph.ts';
import type { TileNetwork } from '../network/network.ts';

export interface WholeBagOptions {
  readonly network: TileNetwork;
  /** The same as of the other engines in the process. */
  readonly threads: number;
  /** What the graph computes in; results are float32 in any case. Default float32. */
  readonly precision?: FloatType;
}

/** All the tiles of a bag, bytes [n, size, size, 3], and the body's parameters, flat. */
export interface WholeBag {
  readonly parameters: Float32Array;
  readonly tiles: Uint8Array;
  readonly n: number;
}

export type WholeBagCall = WholeBag &
  (
    | { readonly kind: 'embed' }
    | { readonly kind: 'gradient'; readonly bagGradient: Float32Array }
    | {
        readonly kind: 'slope';
        readonly bagGradient: Float32Array;
        readonly direction: Float32Array;
        readonly step: number;
      }
  );

export type WholeBagAnswer = { readonly result: Float32Array } | { readonly error: string };

export class WholeBagReference {
  readonly #worker: Worker;

  private constructor(worker: Worker) {
    this.#worker = worker;
  }

  static async start(options: WholeBagOptions): Promise<WholeBagReference> {
    const worker = new Worker(new URL('./whole-bag-thread.ts', import.meta.url), {
      workerData: options,
      env: SHARE_ENV,
    });
    await once(worker, 'online');
    return new WholeBagReference(worker);
  }

  /** z, [d]. */
  embed(bag: WholeBag): Promise<Float32Array> {
    return this.#call({ kind: 'embed', ...bag });
  }

  /** The flat gradient of <bagGradient, z>: dL/dparameters when bagGradient is dL/dz at z. */
  gradient(bag: WholeBag, bagGradient: Float32Array): Promise<Float32Array> {
    return this.#call({ kind: 'gradient', bagGradient, ...bag });
  }

  /** The central difference of <bagGradient, z> along `direction`, with `step` to either side. */
  async slope(
    bag: WholeBag,
    { bagGradient, direction, step }: { bagGradient: Float32Array; direction: Float32Array; step: number },
  ): Promise<number> {
    const [slope] = await this.#call({ kind: 'slope', bagGradient, direction, step, ...bag });
    return slope!;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  /** One call at a time. */
  async #call(call: WholeBagCall): Promise<Float32Array> {
    const answered = once(this.#worker, 'message');
    this.#worker.postMessage(call);
    const [answer] = (await answered) as [WholeBagAnswer];
    if ('error' in answer) throw new WsiError('EngineFailed', answer.error);
    return answer.result;
  }
}
