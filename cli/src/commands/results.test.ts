/** Results through the fake API server, whose proxy leads to the real script of the reading pod. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort } from '@wsi-operator/foundation/testing';
import { READER_SCRIPT } from '../cluster/result-reader.ts';
import { POD_RESOURCE } from '../cluster/wire.ts';
import { TestCluster } from '../testing/cluster.ts';
import { job } from '../testing/objects.ts';
import { results } from './results.ts';

let folder = '';
const ends: (() => unknown)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'wsi-results-'));
  for (const name of ['claim/heatmaps', 'claim/checkpoints/step-1'])
    mkdirSync(join(folder, name), { recursive: true });
  writeFileSync(join(folder, 'claim/result.json'), '{"steps":1}');
  writeFileSync(join(folder, 'claim/heatmaps/a b#ü.png'), Buffer.from([0, 255, 128, 10]));
  writeFileSync(join(folder, 'claim/checkpoints/step-1/model.safetensors'), 'x'.repeat(100_000));
  writeFileSync(join(folder, 'secret'), 'not of the claim');
  symlinkSync(join(folder, 'secret'), join(folder, 'claim/link'));
});
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
  rmSync(folder, { recursive: true });
});

/** The script over the folder of the claim; its port. */
async function reader(): Promise<number> {
  const port = await freePort();
  const child = spawn(process.execPath, ['-e', READER_SCRIPT, join(folder, 'claim'), String(port)]);
  ends.push(() => child.kill('SIGKILL'));
  await once(child.stdout, 'data');
  return port;
}

const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };

/** A cluster in which a pod that is made has this status at once, and reads, or answers something else at a port. */
async function cluster(api?: string, status: object = READY, answers?: number): Promise<TestCluster> {
  const made = await TestCluster.start();
  if (api !== undefined) made.apis.add(api);
  ends.push(() => made[Symbol.asyncDispose]());
  const port = answers ?? (await reader());
  const watch = setInterval(() => {
    for (const pod of made.api.objects(POD_RESOURCE)) {
      const { name = '' } = pod.metadata as { name?: string };
      if (!name.includes('-results-') || made.proxies.has(name)) continue;
      made.proxies.set(name, port);
      made.putPod({ ...pod, status });
    }
  }, 5);
  ends.push(() => clearInterval(watch));
  return made;
}

/** Looks at the pod that reads, while it does. */
async function readerOf(made: TestCluster, options: object): Promise<{ pod: unknown; container: unknown }> {
  let read: { spec: { securityContext: unknown; containers: { securityContext: unknown }[] } } | undefined;
  const watch = setInterval(() => {
    const found = made.api
      .objects(POD_RESOURCE)
      .find(({ metadata }) => /-results-/.test(String(metadata.name)));
    read ??= found as typeof read;
  }, 2);
  ends.push(() => clearInterval(watch));
  await results(made.session, 'demo', { output: join(folder, 'out'), ...options });
  return { pod: read?.spec.securityContext, container: read?.spec.containers[0]?.securityContext };
}

/** A method of a client that is inspected. */
function bound(client: object, name: string | symbol): unknown {
  const value: unknown = Reflect.get(client, name);
  return typeof value === 'function' ? (value.bind(client) as unknown) : value;
}

const stored = (): object => job({ spec: { storage: { output: { claimName: 'runs' } } } });
const readers = (of: TestCluster): unknown[] => [...of.api.objects(POD_RESOURCE)];

describe('wsi results', () => {
  it('downloads the readable results byte by byte, and deletes its pod', async () => {
    const made = await cluster();
    made.putJob(stored());
    const output = join(folder, 'out');
    expect(await results(made.session, 'demo', { output, image: 'registry.example.org/trainer:1' })).toBe(0);
    expect(readFileSync(join(output, 'result.json'), 'utf8')).toBe('{"steps":1}');
    expect([...readFileSync(join(output, 'heatmaps/a b#ü.png'))]).toEqual([0, 255, 128, 10]);
    expect(existsSync(join(output, 'checkpoints'))).toBe(false);
    expect(existsSync(join(output, 'link'))).toBe(false);
    expect(made.terminal.output).toContain(`2 files, 0 kB, in ${output}`);
    expect(readers(made)).toEqual([]);
  });

  it('runs its pod as the user of the images, and as no fixed user where the platform assigns one', async () => {
    const image = 'registry.example.org/trainer:1';
    const made = await cluster();
    made.putJob(stored());
    const container = {
      allowPrivilegeEscalation: false,
      capabilities: { drop: ['ALL'] },
      readOnlyRootFilesystem: true,
    };
    const anybody = { runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } };
    const fixed = { ...anybody, runAsUser: 65532, runAsGroup: 65532, fsGroup: 65532 };
    expect(await readerOf(made, { image })).toEqual({
      pod: { ...fixed, fsGroupChangePolicy: 'OnRootMismatch' },
      container,
    });
    const assigning = await cluster('/apis/security.openshift.io');
    assigning.putJob(stored());
    expect(await readerOf(assigning, { image })).toEqual({ pod: anybody, container });
  });

  it("runs its pod as the user of the job's own pods, or else as its template says", async () => {
    const made = await cluster('/apis/security.openshift.io');
    const securityContext = { runAsUser: 1234, fsGroup: 77 };
    made.putJob(
      job({
        spec: {
          storage: { output: { claimName: 'runs' } },
          coordinator: { template: { spec: { securityContext } } },
        },
      }),
    );
    const image = 'registry.example.org/trainer:1';
    expect((await readerOf(made, { image })).pod).toMatchObject(securityContext);
    const assigned = { seLinuxOptions: { level: 's0:c27,c4' }, fsGroup: 1000730000 };
    made.putPod({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'demo-coordinator-0', namespace: 'lab', labels: { 'wsi.dev/job-name': 'demo' } },
      spec: {
        securityContext: assigned,
        containers: [
          { name: 'trainer', image, securityContext: { runAsUser: 1000730000, privileged: true } },
        ],
      },
    });
    const { pod, container } = await readerOf(made, {});
    expect(pod).toMatchObject(assigned);
    expect(pod).not.toHaveProperty('runAsUser');
    expect(container).toMatchObject({ runAsUser: 1000730000 });
    expect(container).not.toHaveProperty('privileged');
  });

  it('reports at once why its pod does not start', async () => {
    const made = await cluster(undefined, {
      phase: 'Pending',
      containerStatuses: [
        { name: 'reader', image: 'x:1', state: { waiting: { reason: 'ImagePullBackOff' } } },
      ],
    });
    made.putJob(stored());
    await expect(results(made.session, 'demo', { image: 'x:1' })).rejects.toThrow(
      /did not start \(ImagePullBackOff: image x:1\).*--image/s,
    );
    expect(readers(made)).toEqual([]);
  });

  it('downloads everything with --all', async () => {
    const made = await cluster();
    made.putJob(stored());
    const output = join(folder, 'out');
    await results(made.session, 'demo', { output, all: true, image: 'registry.example.org/trainer:1' });
    expect(readFileSync(join(output, 'checkpoints/step-1/model.safetensors')).length).toBe(100_000);
  });

  it('skips files that a continuing run has removed since they were listed', async () => {
    const made = await cluster();
    made.putJob(stored());
    const old = join(folder, 'claim/checkpoints/step-0');
    mkdirSync(old);
    writeFileSync(join(old, 'model.safetensors'), 'x');
    const vanish = new Proxy(made.session, {
      get: (session, name) =>
        name !== 'client'
          ? (Reflect.get(session, name) as unknown)
          : new Proxy(session.client, {
              get: (client, verb) =>
                verb !== 'stream'
                  ? bound(client, verb)
                  : async (path: string) => {
                      if (path.includes('/file')) rmSync(old, { recursive: true, force: true });
                      return client.stream(path);
                    },
            }),
    });
    const output = join(folder, 'out');
    await results(vanish, 'demo', { output, all: true, image: 'registry.example.org/trainer:1' });
    expect(existsSync(join(output, 'checkpoints/step-0/model.safetensors'))).toBe(false);
    expect(existsSync(join(output, 'result.json'))).toBe(true);
    expect(made.terminal.output).toContain(`3 files, 100 kB, in ${output}`);
  });

  it('says what to do without a claim, and without a known image', async () => {
    const made = await cluster();
    made.putJob(job({ name: 'without' }));
    await expect(results(made.session, 'without', {})).rejects.toThrow(/on no claim.*storage\.output/s);
    made.putJob(stored());
    await expect(results(made.session, 'demo', {})).rejects.toThrow(/no pod of the job is left.*--image/s);
    expect(readers(made)).toEqual([]);
  });

  it.each<[string, string | undefined, RegExp]>([
    ['a list that never ends', undefined, /more than 64 MiB came/],
    ['a list of other objects', '[{"path":7}]', /something else came/],
    ['not a list', 'null', /something else came/],
    ['not JSON', '<html>', /something else came/],
    ['a path outside the output', '[{"path":"../secret","bytes":1}]', /leads elsewhere/],
  ])('refuses an answer that is %s', async (_what, answer, message) => {
    const server = createHttpServer((_request, response) => {
      if (answer !== undefined) return response.end(answer);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(2 ** 20, '['))) continue;
      };
      response.on('drain', more);
      more();
      return undefined;
    }).listen(0);
    await once(server, 'listening');
    ends.push(() => server.close());
    const made = await cluster(undefined, READY, (server.address() as AddressInfo).port);
    made.putJob(stored());
    await expect(
      results(made.session, 'demo', { output: join(folder, 'out'), image: 'x:1' }),
    ).rejects.toThrow(message);
    expect(readFileSync(join(folder, 'secret'), 'utf8')).toBe('not of the claim');
  });
});
