/** The thread of a {@link WholeBagReference}. */
import { parentPort, workerData } from 'node:worker_threads';
import { embeddingSize } from '../network/network.ts';
import { parameterLayout } from '../network/parameters.ts';
import { loadBinding } from '../thread/binding.ts';
import { Session, type HostTensor } from '../thread/session.ts';
import { WHOLE_BAG_PROGRAMS, writeWholeBag } from './whole-bag-graph.ts';
import type { WholeBagAnswer, WholeBagCall, WholeBagOptions } from './whole-bag.ts';

const { network, threads, precision = 'float32' } = workerData as WholeBagOptions;
const binding = loadBinding({ threads, device: 'cpu' });
const session = new Session(binding, writeWholeBag(network, precision));

parentPort!.on('message', (call: WholeBagCall) => {
  parentPort!.postMessage(answer(call));
});

function answer(call: WholeBagCall): WholeBagAnswer {
  try {
    const [result] = session.run(WHOLE_BAG_PROGRAMS[call.kind], [...bagInputs(call), ...otherInputs(call)]);
    return { result: result! };
  } catch (error) {
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function bagInputs({ parameters, tiles, n }: WholeBagCall): HostTensor[] {
  const { tileSize } = network;
  return [
    { shape: [n, tileSize, tileSize, 3], data: tiles },
    { shape: [parameterLayout(network).length], data: parameters },
  ];
}

function otherInputs(call: WholeBagCall): HostTensor[] {
  if (call.kind === 'embed') return [];
  const bagGradient = { shape: [embeddingSize(network)], data: call.bagGradient };
  if (call.kind === 'gradient') return [bagGradient];
  return [
    bagGradient,
    { shape: [call.direction.length], data: call.direction },
    { shape: [], data: Float32Array.of(call.step) },
  ];
}
