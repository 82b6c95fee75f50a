/** The authors' network in PyTorch, `tools/bench/python/mnist_bags.py`. Answers are kept with the question they belong to. */
import { writeFileAtomically } from '@wsi-operator/foundation';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { Peer } from '../peer.ts';

export interface PyTorchQuestion {
  /** Directory with `cohort.csv` and `slides/`. */
  readonly cohort: string;
  readonly seed: number;
  readonly epochs: number;
  readonly learningRate: number;
  readonly weightDecay: number;
}

export interface PyTorchAnswer {
  /** Of the test bags. */
  readonly auc: number;
  /** A step is one bag. */
  readonly secondsPerStep: number;
}

/**
 * @param path file of the answer: what it has for this very question is not computed again
 * @param python a Python with torch and Pillow
 * @throws WsiError `EngineFailed` with what Python printed, when it fails
 */
export async function askPyTorch(
  path: string,
  question: PyTorchQuestion,
  python: string,
): Promise<PyTorchAnswer> {
  if (existsSync(path)) {
    const kept = JSON.parse(await readFile(path, 'utf8')) as { question?: unknown; answer: PyTorchAnswer };
    if (isDeepStrictEqual(kept.question, question)) return kept.answer;
  }
  const program = join(import.meta.dirname, '../../python/mnist_bags.py');
  const peer = new Peer('PyTorch', python, [program], { OMP_NUM_THREADS: '1', CUDA_VISIBLE_DEVICES: '-1' });
  try {
    const { auc, secondsPerStep } = (await peer.ask({ ...question, threads: 1 })) as Record<string, number>;
    const answer = { auc: auc!, secondsPerStep: secondsPerStep! };
    await writeFileAtomically(path, `${JSON.stringify({ question, answer })}\n`);
    return answer;
  } finally {
    await peer.close();
  }
}
