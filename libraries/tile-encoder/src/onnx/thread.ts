/** The thread with ONNX Runtime in it, whose computations block whoever asks for them. */
import { parentPort, workerData } from 'node:worker_threads';
import { WsiError } from '@wsi-operator/foundation';
import { LOADED, type OnnxAnswer, type OnnxRequest, type ThreadData } from './protocol.ts';

const port = parentPort;
if (port === null) throw new Error('this module is the entry of a worker thread');

const answer = (message: OnnxAnswer, moved: ArrayBuffer[] = []): void => port.postMessage(message, moved);
const fail = (id: number, thrown: unknown): void => {
  const { code, problem, where, remedy } = WsiError.from(thrown, 'EngineFailed');
  answer({ id, error: { code, problem, where, remedy } });
};

try {
  const { OnnxSession } = await import('./session.ts');
  const session = await OnnxSession.open(workerData as ThreadData);
  // One after the other, in the order of asking: a computation has no other in it.
  let last: Promise<unknown> = Promise.resolve();
  port.on('message', (request: OnnxRequest | null) => {
    if (request === null) {
      last = last.then(() => session.close()).finally(() => port.close());
      return;
    }
    const { id, tiles, n } = request;
    last = last
      .then(() => session.embed(tiles, n))
      .then((embeddings) => answer({ id, embeddings }, [embeddings.buffer]))
      .catch((error: unknown) => fail(id, error));
  });
  answer({ id: LOADED, size: session.size });
} catch (thrown) {
  fail(LOADED, thrown);
  port.close();
}
