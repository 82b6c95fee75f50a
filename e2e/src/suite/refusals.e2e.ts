/** What the API server refuses, and that `wsi validate` says the same; and that it takes all that `manifests/` has. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { jobFromText } from '@wsi/api';
import {
  acceptances,
  clusterRefusals,
  fieldRefusals,
  refusedManifest,
  ruleRefusals,
  type Refusal,
} from '@wsi/api/testing';
import { Session } from './session.ts';

const session = new Session();
const refusals: readonly Refusal[] = [...fieldRefusals, ...ruleRefusals, ...clusterRefusals];

describe('the API server', () => {
  it('has a table worth its name', () => {
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

describe('the manifests', () => {
  const manifests = new URL('../../../manifests/', import.meta.url).pathname;
  const dryRun = ['--dry-run=server', '--validate=strict'];
  /** Of overlays/single-namespace: nothing is made in a dry run, also no namespace for the rest. */
  const namespace = 'pathology';
  beforeAll(() => session.makeNamespace(namespace), 60_000);
  afterAll(() => session.removeNamespace(namespace), 120_000);

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
