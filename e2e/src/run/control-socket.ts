/** Does for the suites, over a Unix socket, what only the program can do that has started the cluster. */
import { once } from 'node:events';
import { createServer } from 'node:net';
import { WsiError } from '@wsi-operator/foundation';
import type { RunningCluster } from '@wsi-operator/cluster';

/** One line is a command; the answer is `done` with the result, or what went wrong. */
export async function listenForCommands(path: string, cluster: RunningCluster): Promise<() => void> {
  const commands: Record<string, (...words: string[]) => Promise<unknown>> = {
    'restart-api-server': async () => cluster.restartApiServer({ secondsAway: 3 }),
    'add-fake-nodes': async (count) => cluster.withFakeNodes(Number(count)),
    'keep-policies': async (kept) => cluster.keepPolicies(kept === 'true'),
    'load-image': async (file = '', name = '') => cluster.loadImage({ file, name }),
  };
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.on('error', () => undefined);
    socket.on('end', () => {
      const [name = '', ...words] = text.trim().split(' ');
      const command = commands[name];
      const work = command === undefined ? Promise.reject(unknown(name)) : command(...words);
      work.then(
        (result: unknown) => socket.end(typeof result === 'string' ? `done ${result}\n` : 'done\n'),
        (error: unknown) => socket.end(`${WsiError.from(error).message}\n`),
      );
    });
  });
  server.listen(path);
  await once(server, 'listening');
  return () => server.close();
}

function unknown(name: string): WsiError {
  return new WsiError('InvalidArgument', `there is no command "${name}"`);
}
