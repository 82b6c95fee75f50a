/** Programs run on TensorFlow: arrays in, arrays out, nothing left behind. */
import { ownText, publicText, WsiError } from '@wsi-operator/foundation';
import type { Graph } from '../graph/graph.ts';
import type { Program } from '../network/programs.ts';
import type { Binding } from './binding.ts';
import { withSavedModel } from './saved-model.ts';

/** A tensor in TensorFlow's memory. */
export interface Resident {
  readonly id: number;
}

export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array | Uint8Array;
}

export class Session {
  readonly #binding: Binding;
  readonly #session: number;

  constructor(binding: Binding, graph: Graph) {
    this.#binding = binding;
    this.#session = withSavedModel(graph, (directory) => binding.loadSavedModel(directory, 'serve'));
  }

  /** Puts a tensor into TensorFlow's memory for many runs; the array must not change until it is deleted. */
  keep({ shape, data }: HostTensor): Resident {
    const type = data instanceof Uint8Array ? this.#binding.TF_UINT8 : this.#binding.TF_FLOAT;
    return { id: this.#binding.createTensor(shape, type, data) };
  }

  delete(resident: Resident): void {
    this.#binding.deleteTensor(resident.id);
  }

  /** @param inputs in the order of the program's names @throws WsiError `EngineFailed` */
  run(program: Program, inputs: readonly (HostTensor | Resident)[]): Float32Array[] {
    const temporary: Resident[] = [];
    try {
      const ids = inputs.map((input) => {
        if ('id' in input) return input.id;
        const resident = this.keep(input);
        temporary.push(resident);
        return resident.id;
      });
      return this.#run(program, ids);
    } catch (error) {
      throw engineError(error);
    } finally {
      for (const resident of temporary) this.delete(resident);
    }
  }

  #run({ inputs, outputs }: Program, ids: readonly number[]): Float32Array[] {
    const port = (name: string): string => `${name}:0`;
    const results = this.#binding.runSavedModel(
      this.#session,
      ids,
      inputs.map(port).join(','),
      outputs.map(port).join(','),
    );
    try {
      return results.map(({ id }) => this.#binding.tensorDataSync(id));
    } finally {
      for (const { id } of results) this.#binding.deleteTensor(id);
    }
  }

  close(): void {
    this.#binding.deleteSavedModel(this.#session);
  }
}

function engineError(error: unknown): WsiError {
  const text = (error instanceof Error ? error.message : String(error)).replace(
    /^Session fail to run with error: /,
    '',
  );
  if (/OOM|out of memory|bad_alloc|RESOURCE_EXHAUSTED|allocat/i.test(text)) {
    return new WsiError('EngineFailed', ownText(`TensorFlow ran out of memory (${firstLine(text)}).`), {
      remedy: publicText`Lower patches.batch or patches.size, or give the worker more memory.`,
      cause: error,
    });
  }
  return error instanceof WsiError
    ? error
    : new WsiError('EngineFailed', ownText(`TensorFlow failed (${firstLine(text)}).`), { cause: error });
}

function firstLine(text: string): string {
  return (text.split('\n')[0] ?? '').slice(0, 300);
}
