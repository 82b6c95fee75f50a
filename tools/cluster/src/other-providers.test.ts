/** What `kind` and `existing` do, against programs on PATH that write down how they are called. */
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { providers } from './providers.ts';

const options = { nodes: 2, log: (): void => undefined };
const image = { file: '/images/operator.tar', name: 'wsi-operator/operator:0.1.0' };
const kept = { ...process.env };
let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-providers-'));
  process.env = { ...kept, PATH: join(directory, 'bin'), TMPDIR: directory };
  await mkdir(join(directory, 'bin'));
});
afterEach(async () => {
  process.env = kept;
  await rm(directory, { recursive: true });
});

/** A program that appends its call to a file and then runs `body` in a shell. */
async function program(name: string, body = ''): Promise<void> {
  const file = join(directory, 'bin', name);
  await writeFile(file, `#!/bin/sh\necho "${name} $*" >> '${join(directory, 'calls')}'\n${body}\n`);
  await chmod(file, 0o755);
}

async function calls(): Promise<string[]> {
  const text = await readFile(join(directory, 'calls'), 'utf8');
  return text.trim().split('\n');
}

const PROBES = `case "$*" in
  *can-i*) echo yes;;
  *api-resources*) echo podgroups.scheduling.k8s.io;;
  *storageclasses*) echo '{"items":[{"metadata":{"annotations":{"storageclass.kubernetes.io/is-default-class":"true"}}}]}';;
  *current-context*) echo lab;;
  *readyz*) echo ok;;
esac`;

describe('the kind provider', () => {
  it('reports everything that is missing', async () => {
    const answer = await providers.kind.canRunHere();
    expect(answer).toMatchObject({ ok: false });
    expect(JSON.stringify(answer)).toMatch(/"kind\\".*"docker\\".*"kubectl\\".*"helm\\"/);
  });

  it('makes a cluster, loads images, restarts the API server, and removes it', async () => {
    for (const name of ['kind', 'docker', 'helm']) await program(name);
    await program('kubectl', PROBES);
    expect(await providers.kind.canRunHere()).toEqual({ ok: true });
    const cluster = await providers.kind.start(options);
    expect(cluster.features).toMatchObject({ changeNodes: true, volumes: true, gangScheduling: true });
    expect(await cluster.loadImage(image)).toBe('docker.io/wsi-operator/operator:0.1.0');
    await cluster.restartApiServer();
    await expect(cluster.withFakeNodes(1)).rejects.toThrow(/native/);
    await cluster.stop();
    const changes = (await calls()).filter((call) => /^(kind|docker) (create|load|exec|delete)/.test(call));
    expect(changes).toEqual([
      expect.stringMatching(
        /^kind create cluster --name=wsi-e2e --kubeconfig=\S+ --config=\S+cluster.yaml --wait=180s$/,
      ),
      'kind load image-archive /images/operator.tar --name=wsi-e2e',
      expect.stringMatching(/^docker exec wsi-e2e-control-plane sh -c mv .* && pkill -KILL kube-apiserver$/),
      expect.stringMatching(/^docker exec wsi-e2e-control-plane sh -c mv \/root\/kube-apiserver.yaml /),
      'kind delete cluster --name=wsi-e2e',
    ]);
  });

  it('does not touch an existing cluster of its name', async () => {
    for (const name of ['docker', 'helm', 'kubectl']) await program(name);
    await program('kind', 'echo wsi-e2e');
    expect(await providers.kind.canRunHere()).toMatchObject({
      ok: false,
      reasons: [expect.stringMatching(/already/)],
    });
  });
});

describe('the provider of an existing cluster', () => {
  beforeEach(async () => {
    await program('helm');
    await program('kubectl', PROBES);
    process.env['KUBECONFIG'] = join(directory, 'config');
  });

  it('uses no cluster that was not named', async () => {
    expect(await providers.existing.canRunHere()).toMatchObject({
      ok: false,
      reasons: [expect.stringMatching(/"lab".*WSI_E2E_CONTEXT=lab/)],
    });
    process.env['WSI_E2E_CONTEXT'] = 'lab';
    expect(await providers.existing.canRunHere()).toEqual({ ok: true });
  });

  it('checks its permissions, and requires the name of pushed images', async () => {
    const cluster = await providers.existing.start(options);
    expect(cluster.features).toEqual({
      ...{ changeNodes: true, volumes: true, gangScheduling: true },
      ...{ restartApiServer: false, fakeNodes: false, networkPolicies: false, policiesOnDemand: false },
    });
    await expect(cluster.loadImage(image)).rejects.toThrow(/WSI_E2E_OPERATOR_IMAGE/);
    process.env['WSI_E2E_OPERATOR_IMAGE'] = 'lab/operator:1';
    expect(await cluster.loadImage(image)).toBe('lab/operator:1');
    await cluster.stop();
    expect(
      (await calls()).every((call) => /^kubectl --kubeconfig \S+ (auth can-i|api-resources|get)/.test(call)),
    ).toBe(true);
  });
});
