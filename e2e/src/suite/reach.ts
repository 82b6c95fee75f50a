/** Who reaches whom: pods that listen, and connections that are tried from within pods. */
import type { KubernetesObject } from '@wsi-operator/controller';
import type { Session } from './session.ts';
import { restrictedContainer, restrictedPod } from './synthetic-cohort.ts';

export interface Place {
  readonly namespace: string;
  readonly pod: string;
  readonly container: string;
}

/** What is asked for: `udp` is a question to a name server, all else a connection. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly protocol?: 'tcp' | 'udp';
}

/** A pod of the trainer's image that takes connections, and says nothing, on these ports. */
export function listener(
  session: Session,
  { namespace, pod: name }: Pick<Place, 'namespace' | 'pod'>,
  ports: readonly number[],
  labels: Readonly<Record<string, string>> = {},
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace, labels: { ...labels, listener: name } },
    spec: {
      terminationGracePeriodSeconds: 0,
      automountServiceAccountToken: false,
      securityContext: restrictedPod,
      containers: [
        {
          name: 'listener',
          image: session.file.trainerImage,
          imagePullPolicy: 'IfNotPresent',
          command: [
            '/usr/local/bin/node',
            '--input-type=module',
            '--eval',
            LISTEN,
            '--',
            ...ports.map(String),
          ],
          securityContext: restrictedContainer,
        },
      ],
    },
  };
}

const LISTEN = `
import { createServer } from 'node:net';
for (const port of process.argv.slice(1)) {
  createServer((socket) => socket.on('error', () => {})).listen(Number(port));
}
`;

/** Tries them all at once. @returns whether each was reached, in their order */
export async function reaches(
  session: Session,
  { namespace, pod, container }: Place,
  targets: readonly Target[],
): Promise<boolean[]> {
  const node = ['/usr/local/bin/node', '--input-type=module', '--eval', TRY, '--', JSON.stringify(targets)];
  const answer = await session.kubectl(['exec', pod, '-n', namespace, '-c', container, '--', ...node]);
  return JSON.parse(answer) as boolean[];
}

/** What is not let through is refused at once or never answered. */
const TRY = `
import { connect } from 'node:net';
import { createSocket } from 'node:dgram';
const WAIT = 4000;
const tcp = ({ host, port }) => new Promise((resolve) => {
  const socket = connect({ host, port, autoSelectFamily: true });
  const end = (reached) => { socket.destroy(); resolve(reached); };
  socket.on('connect', () => end(true)).on('error', () => end(false));
  setTimeout(() => end(false), WAIT).unref();
});
// The question of any name of the root: "." of type NS.
const question = Buffer.from([0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1]);
const udp = ({ host, port }) => new Promise((resolve) => {
  const socket = createSocket('udp4');
  const end = (reached) => { socket.close(); resolve(reached); };
  socket.on('message', () => end(true)).on('error', () => end(false));
  socket.send(question, port, host);
  setTimeout(() => end(false), WAIT);
});
const targets = JSON.parse(process.argv.at(-1));
const reached = await Promise.all(targets.map((one) => (one.protocol === 'udp' ? udp(one) : tcp(one))));
console.log(JSON.stringify(reached));
process.exit();
`;
