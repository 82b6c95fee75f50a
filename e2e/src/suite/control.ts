/** What only the runner can do, because it has started the cluster: asked of it over a socket. */
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { WsiError } from '@wsi-operator/foundation';
import type { Session } from './session.ts';

/** Kills the API server and waits until another one answers. */
export async function restartApiServer(session: Session): Promise<void> {
  if (!session.file.features.restartApiServer) {
    throw new WsiError('InvalidArgument', 'the API server of this cluster cannot be restarted');
  }
  await command(session, 'restart-api-server');
}

/** Makes an image known to every node. @returns the name under which pods use it */
export async function loadImage(session: Session, archive: string, name: string): Promise<string> {
  return command(session, `load-image ${archive} ${name}`);
}

/** Adds nodes that only pretend to run their pods. */
export async function addFakeNodes(session: Session, count: number): Promise<void> {
  await command(session, `add-fake-nodes ${count}`);
}

/** Has NetworkPolicies kept from now on, or no longer. */
export async function keepPolicies(session: Session, kept: boolean): Promise<void> {
  await command(session, `keep-policies ${kept}`);
}

async function command(session: Session, line: string): Promise<string> {
  const socket = createConnection(session.file.control).setEncoding('utf8');
  let answer = '';
  socket.on('data', (text: string) => (answer += text));
  socket.end(`${line}\n`);
  await once(socket, 'close');
  const [first = '', ...rest] = answer.trim().split(' ');
  if (first === 'done') return rest.join(' ');
  throw new WsiError('Unavailable', `the runner could not ${line}: ${answer.trim()}`);
}
