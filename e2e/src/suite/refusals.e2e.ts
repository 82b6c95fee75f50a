/** What the API server refuses, and that `wsi validate` says the same; and that it takes all that `manifests/` has. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jobFromText } from '@wsi-operator/api';
import {
  acceptances,
  clusterRefusals,
  fieldRefusals,
  isolationRefusals,
  refusedManifest,
  ruleRefusals,
  type Refusal,
} from '@wsi-operator/api/testing';
import { Session, WAIT, type Seen } from './session.ts';

const session = new Session();
const refusals: readonly Refusal[] = [...fieldRefusals, ...ruleRefusals, ...clusterRefusals];

describe('the API server', () => {
  it('is tested with enough manifests', () => {
    expect(refusals.length).toBeGreaterThanOrEqual(30);
  });

  it.each(refusals.map((refusal) => [refusal.name, refusal] as const))(
    'refuses: %s',
    async (_name, refusal) => {
      const manifest = JSON.stringify(refusedManifest(refusal));
      // Strict, as kubectl is by default: fields that are not in the schema are refused, not dropped.
      const { code, stderr } = await session.tryKubectl(
        ['create', '--dry-run=server', '--validate=strict', '-n', 'default', '-f', '-'],
        manifest,
      );
      expect({ code, stderr }).toMatchObject({ code: 1 });
      expect(stderr).toContain(refusal.says);
      expect(stderr).toContain(lastName(refusal.path));
      expect(() => jobFromText(manifest, 'job.json')).toThrow(refusal.says);
    },
  );

  it.each(acceptances.map((one) => [one.name, one] as const))('accepts: %s', async (_name, one) => {
    const manifest = JSON.stringify(refusedManifest({ ...one, path: '', says: '' }));
    await session.kubectl(['create', '--dry-run=server', '-n', 'default', '-f', '-'], manifest);
  });
});

describe('the isolation policy', () => {
  const namespace = 'e2e-isolation';
  const { operatorNamespace, release, chart } = session.file;
  const refusal = isolationRefusals[0]!;
  const bad = (name: string): object => ({ ...refusedManifest(refusal), metadata: { name, namespace } });
  const create = async (manifest: object, ...flags: string[]) =>
    session.tryKubectl(['create', '-n', namespace, ...flags, '-f', '-'], JSON.stringify(manifest));
  const keepPolicy = async (kept: boolean): Promise<void> => {
    const upgrade = ['upgrade', release, chart, '--namespace', operatorNamespace, '--reuse-values', '--wait'];
    await session.helm([...upgrade, '--set', `isolation.admissionPolicy=${String(kept)}`]);
    // The API server takes a policy, or leaves it, a moment later.
    await session.until(`the policy is ${kept ? 'kept' : 'away'}`, async () => {
      const { code, stderr } = await create(bad('probe'), '--dry-run=server');
      return (code !== 0) === kept ? { done: undefined } : { seen: stderr };
    });
  };
  beforeAll(async () => {
    await session.makeNamespace(namespace);
    await keepPolicy(true);
  });
  afterAll(async () => {
    await keepPolicy(true);
    await session.removeNamespace(namespace);
  });

  it.each(isolationRefusals.map((one) => [one.name, one] as const))(
    'the API server refuses: %s',
    async (_name, one) => {
      const { code, stderr } = await create(refusedManifest(one), '--dry-run=server');
      expect({ code, stderr }).toMatchObject({ code: 1 });
      expect(stderr).toContain('ValidatingAdmissionPolicy');
      expect(stderr).toContain(`${one.path}: ${one.says}`);
    },
  );

  it('does not let an update weaken a template', async () => {
    const job = { ...refusedManifest({ ...refusal, changes: { 'spec.suspend': true } }) };
    await session.apply({ ...job, metadata: { name: 'good', namespace } });
    const patch = JSON.stringify({ spec: refusedManifest(refusal)['spec'] });
    const args = ['patch', 'wtj', 'good', '-n', namespace, '--type=merge', '-p', patch];
    const { code, stderr } = await session.tryKubectl(args);
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toContain(refusal.path);
  });

  it('gives a job stored before it no pod, but lets it be suspended and deleted', async () => {
    await keepPolicy(false);
    await session.apply(bad('stored'));
    await keepPolicy(true);
    const refused = await session.until('the operator has refused it', async () => {
      const { conditions } = await session.statusOf('stored', namespace);
      const running = conditions?.find(({ type }: Seen) => type === 'Running');
      return running?.reason === 'NotAllowed' ? { done: running } : { seen: conditions };
    });
    expect(refused.message).toContain(`${refusal.path}: ${refusal.says}`);
    expect(await session.list('pods', namespace)).toEqual([]);
    const suspend = JSON.stringify({ spec: { suspend: true } });
    await session.kubectl(['patch', 'wtj', 'stored', '-n', namespace, '--type=merge', '-p', suspend]);
    await session.kubectl(['delete', 'wtj', 'stored', '-n', namespace, WAIT]);
  });
});

describe('the manifests', () => {
  const manifests = new URL('../../../manifests/', import.meta.url).pathname;
  const dryRun = ['--dry-run=server', '--validate=strict'];
  /** Of overlays/single-namespace: nothing is made in a dry run, also no namespace for the rest. */
  const namespace = 'pathology';
  beforeAll(() => session.makeNamespace(namespace), 60_000);
  afterAll(() => session.removeNamespace(namespace));

  it.each(readdirSync(join(manifests, 'samples')))('of samples: %s is accepted', async (file) => {
    const path = join(manifests, 'samples', file);
    await session.kubectl(['create', ...dryRun, '-n', 'default', '-f', path]);
  });

  const overlays = readdirSync(join(manifests, 'overlays')).map((name) => `overlays/${name}`);
  it.each(['base', ...overlays])('of kustomize: %s are accepted', async (folder) => {
    const apply = ['apply', '--server-side', '--force-conflicts', ...dryRun];
    const said = await session.kubectl([...apply, '-k', join(manifests, folder)]);
    expect(said).toMatch(/deployment.apps\/wsi-operator serverside-applied/);
  });
});

/** `spec.workers.template.spec.containers[0].name` -> `name`: kubectl's own client names unknown fields its own way. */
function lastName(path: string): string {
  return (
    path
      .replaceAll(/\[[^\]]*\]/g, '')
      .split('.')
      .at(-1) ?? path
  );
}
