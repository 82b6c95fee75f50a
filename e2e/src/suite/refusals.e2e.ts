/** What the API server refuses, and that `wsi validate` says the same. */
import { describe, expect, it } from '@jest/globals';
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

/** `spec.workers.template.spec.containers[0].name` -> `name`: kubectl's own client names unknown fields its own way. */
function lastName(path: string): string {
  return (
    path
      .replaceAll(/\[[^\]]*\]/g, '')
      .split('.')
      .at(-1) ?? path
  );
}
