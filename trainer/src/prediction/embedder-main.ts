/** Entry of an embedding process. */
import { serveTasks } from '../processes/serve-tasks.ts';
import type { EmbedderWork } from './messages.ts';

serveTasks<EmbedderWork>(async ({ checkpoint, place }) => {
  const { Embedder } = await import('./embedder.ts');
  return Embedder.open(checkpoint, place);
});
