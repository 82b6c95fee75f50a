/** Entry of an embedding process. It ends with the process that started it, however that one ends. */
import type { EmbedderAnswer, EmbedderRequest } from './messages.ts';

// Ctrl-C in a terminal reaches every process of the group: what is to happen then is for the starting one to say.
process.on('SIGINT', () => undefined);
process.on('SIGHUP', () => undefined);
process.on('disconnect', () => process.exit());

const { Embedder } = await import('./embedder.ts');
const { plainError } = await import('./messages.ts');

const answer = (message: EmbedderAnswer): void => {
  if (process.connected) process.send!(message);
};
let embedder: ReturnType<typeof Embedder.open> | undefined;

process.on('message', (request: EmbedderRequest) => {
  const { id } = request;
  const work = async (): Promise<EmbedderAnswer> => {
    if ('checkpoint' in request) {
      embedder = Embedder.open(request.checkpoint);
      await embedder;
      return { id, result: {} };
    }
    const ready = await embedder;
    if (ready === undefined) throw new Error('a task came before the checkpoint');
    return { id, result: await ready.do(request.task) };
  };
  work().then(answer, (error: unknown) => answer({ id, error: plainError(error) }));
});
