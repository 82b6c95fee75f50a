/**
 * A pod that lives for a while and serves the files of a job's output claim: the claim is mounted read-only, the files go
 * through the API server's proxy, so that nothing but the API server has to be reached. It ends by itself.
 */
import { restrict, type PodIdentity } from '@wsi-operator/operator';
import type { Pod, SecurityContext } from './wire.ts';

export const READER_PORT = 8080;

/** Seconds after which the pod ends, whatever became of whoever made it. */
const LIFETIME_SECONDS = 3600;

/**
 * `GET /list` lists the files with their sizes, `GET /file?path=` gives one. Plain JavaScript of the image's Node: the image
 * may be of another version. Links are not followed, and nothing outside the directory is given.
 */
export const READER_SCRIPT = `
const fs = require('node:fs'), path = require('node:path'), http = require('node:http');
const root = process.argv[1], port = Number(process.argv[2]);
const walk = (folder) => fs.readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
  const name = path.join(folder, entry.name);
  if (entry.isDirectory()) return walk(name);
  return entry.isFile() ? [{ path: name, bytes: fs.statSync(path.join(root, name)).size }] : [];
});
http.createServer((request, response) => {
  try {
    const url = new URL(request.url, 'http://reader');
    if (url.pathname === '/list') return response.end(JSON.stringify(walk('')));
    const name = url.searchParams.get('path') ?? '';
    if (!walk('').some((file) => file.path === name)) { response.statusCode = 404; return response.end(); }
    const stream = fs.createReadStream(path.join(root, name));
    stream.on('error', () => response.destroy());
    stream.pipe(response);
  } catch (error) { response.statusCode = 500; response.end(String(error)); }
}).listen(port, () => console.log('listening'));
process.on('SIGTERM', () => process.exit(0));
`;

/** @param of `users`: what the pods or templates of the job say of who runs them, which goes before the identity */
export function readerPod(of: {
  readonly name: string;
  readonly namespace: string;
  readonly claim: string;
  readonly image: string;
  readonly imagePullSecrets: readonly { readonly name?: string }[];
  readonly identity: PodIdentity;
  readonly users: { readonly pod: SecurityContext; readonly container: SecurityContext };
}): Pod {
  const { name, namespace, claim, image, imagePullSecrets, identity, users } = of;
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    // None of the labels of the job: its network policy would keep the API server out.
    metadata: { name, namespace, labels: { 'app.kubernetes.io/name': 'wsi-results' } },
    spec: {
      restartPolicy: 'Never',
      activeDeadlineSeconds: LIFETIME_SECONDS,
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      imagePullSecrets,
      securityContext: users.pod,
      containers: [
        {
          name: 'reader',
          image,
          command: ['/usr/local/bin/node', '-e', READER_SCRIPT, '/output', String(READER_PORT)],
          ports: [{ containerPort: READER_PORT }],
          readinessProbe: { tcpSocket: { port: READER_PORT }, periodSeconds: 1 },
          resources: { requests: { cpu: '50m', memory: '64Mi' }, limits: { memory: '256Mi' } },
          securityContext: users.container,
          volumeMounts: [{ name: 'output', mountPath: '/output', readOnly: true }],
        },
      ],
      volumes: [{ name: 'output', persistentVolumeClaim: { claimName: claim } }],
    },
  };
  // As the job's own pods: what a policy lets the one run with, it lets the other.
  return { ...pod, spec: restrict(pod.spec as never, identity) };
}
