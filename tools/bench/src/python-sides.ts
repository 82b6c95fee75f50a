/** The sides in Python: the same graph in TensorFlow, in two ways, and the same network in PyTorch. */
import { parameterLayout, savedModel } from '@wsi-operator/engine';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Peer } from './peer.ts';
import { LEARNING_RATE, type Problem, type Side, type Times } from './step-side.ts';

/** `python` has TensorFlow and PyTorch. */
export async function pythonSides(
  problem: Problem,
  { threads, python }: { readonly threads: number; readonly python: string },
  directory: string,
): Promise<Side[]> {
  const arrays: Readonly<Record<string, Uint8Array | Float32Array>> = {
    'tiles.u8': problem.tiles,
    'parameters.f32': problem.parameters,
    'bag_gradient.f32': problem.bag.bagGradient,
    'bag_embedding.f32': problem.bag.bagEmbedding,
    'saved_model.pb': savedModel(problem.network),
  };
  for (const [name, array] of Object.entries(arrays)) {
    await writeFile(join(directory, name), new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
  }
  const configuration = {
    network: problem.network,
    savedModel: join(directory, 'saved_model.pb'),
    tensors: parameterLayout(problem.network).tensors,
    directory,
    n: problem.n,
    threads,
    learningRate: LEARNING_RATE,
    logSumExp: problem.bag.logSumExp,
  };
  const programs = [
    { name: 'Python, the same graph in a session', program: 'tensorflow_step.py', way: 'session' },
    { name: 'Python, the same graph as a tf.function', program: 'tensorflow_step.py', way: 'function' },
    { name: 'PyTorch, the same network', program: 'pytorch_step.py', way: 'pytorch' },
  ];
  const sides: Side[] = [];
  for (const { name, program, way } of programs) {
    const path = join(import.meta.dirname, '..', 'python', program);
    const peer = new Peer(name, python, [path], threadEnvironment(threads));
    await peer.ask({ ...configuration, way });
    sides.push(pythonSide(name, peer, join(directory, `gradient-${way}.f32`)));
  }
  return sides;
}

function threadEnvironment(threads: number): Record<string, string> {
  return {
    TF_NUM_INTRAOP_THREADS: String(threads),
    TF_NUM_INTEROP_THREADS: '1',
    OMP_NUM_THREADS: String(threads),
    CUDA_VISIBLE_DEVICES: '-1',
  };
}

function pythonSide(name: string, peer: Peer, gradientFile: string): Side {
  let peak = 0;
  return {
    name,
    async run(steps) {
      const { peakMemoryBytes, ...times } = (await peer.ask({ steps })) as unknown as Times & {
        readonly peakMemoryBytes: number;
      };
      peak = peakMemoryBytes;
      return times;
    },
    peakMemoryBytes: () => peak,
    async gradient() {
      const bytes = await readFile(gradientFile);
      return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    },
    close: () => peer.close(),
  };
}
