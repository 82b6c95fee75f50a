/** The engine's own thread: loads TensorFlow, and answers one call after the other, in order. */
import { publicText, releaseBytes, WsiError } from '@wsi-operator/foundation';
import { parentPort, workerData } from 'node:worker_threads';
import { inputOf, type Tiles } from '../network/input.ts';
import { aggregatorOf, embeddingSize } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import { PROGRAMS, writePrograms } from '../network/programs.ts';
import { loadBinding } from './binding.ts';
import { requireFinite, requireFiniteEmbeddings } from './finite.ts';
import type { EngineAnswer, EngineCall, EngineRequest, EngineThreadData } from './protocol.ts';
import { Session, type HostTensor, type Resident } from './session.ts';

const port = parentPort;
if (port === null) throw new Error('this module is the entry of a worker thread');

const { network, threads, device } = workerData as EngineThreadData;
const parameterSets = new Map<number, Resident>();
const d = embeddingSize(network);
const layout = parameterLayout(network);
const tileShape = inputOf(network).shape;

try {
  const binding = loadBinding({ threads, device });
  const session = new Session(binding, writePrograms(network));
  port.on('message', ({ id, call }: EngineRequest) => {
    answer(
      id,
      () => perform(session, call),
      () => binding.getNumOfTensors(),
    );
    // The caller's array was copied into the message.
    if ('tiles' in call) releaseBytes(call.tiles);
    if (call.kind === 'close') port.close();
  });
  answer(
    0,
    () => [],
    () => 0,
  );
} catch (error) {
  answer(
    0,
    () => {
      throw error;
    },
    () => 0,
  );
  port.close();
}

function answer(id: number, compute: () => Float32Array[], tensors: () => number): void {
  const start = performance.now();
  const elapsed = (): number => (performance.now() - start) / 1000;
  try {
    const result = compute();
    const message: EngineAnswer = { id, result, seconds: elapsed(), tensors: tensors() };
    port!.postMessage(
      message,
      result.map((array) => array.buffer as ArrayBuffer),
    );
  } catch (thrown) {
    const { code, message, publicMessage, stack } = WsiError.from(thrown, 'EngineFailed');
    const failed: EngineAnswer = {
      id,
      error: { code, message, publicMessage, stack },
      seconds: elapsed(),
      tensors: tensors(),
    };
    port!.postMessage(failed);
  }
}

function perform(session: Session, call: EngineCall): Float32Array[] {
  switch (call.kind) {
    case 'load':
      parameterSets.set(call.parameters, session.keep({ shape: [layout.length], data: call.data }));
      return [];
    case 'release':
      session.delete(resident(call.parameters));
      parameterSets.delete(call.parameters);
      return [];
    case 'embed': {
      const isScored = aggregatorOf(network.aggregator).scores !== undefined;
      const program = isScored ? PROGRAMS.embedWithScores : PROGRAMS.embed;
      const [embeddings, scores] = session.run(program, bodyInputs(call));
      requireFiniteEmbeddings(embeddings!, scores, d);
      return [embeddings!, scores ?? new Float32Array(call.n)];
    }
    case 'attentionGradient': {
      const { bagGradient, bagEmbedding, logSumExp } = call;
      const [gradient, norm] = session.run(PROGRAMS.attentionGradient, [
        ...bodyInputs(call),
        { shape: [d], data: bagGradient },
        { shape: [d], data: bagEmbedding },
        { shape: [], data: Float32Array.of(logSumExp) },
      ]);
      requireFinite(layout, gradient!, norm!);
      return [gradient!];
    }
    case 'embeddingGradient': {
      const cotangent = { shape: [call.n, d], data: call.cotangent };
      const [gradient, norm] = session.run(PROGRAMS.embeddingGradient, [...bodyInputs(call), cotangent]);
      requireFinite(layout, gradient!, norm!);
      return [gradient!];
    }
    case 'close':
      for (const set of parameterSets.values()) session.delete(set);
      parameterSets.clear();
      session.close();
      return [];
  }
}

function bodyInputs(call: { tiles: Tiles; n: number; parameters: number }): [HostTensor, Resident] {
  return [{ shape: [call.n, ...tileShape], data: call.tiles }, resident(call.parameters)];
}

function resident(id: number): Resident {
  const found = parameterSets.get(id);
  if (found === undefined)
    throw new WsiError('EngineFailed', publicText`these parameters have been released.`);
  return found;
}
