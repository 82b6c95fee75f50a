/** Which features may stand in the place of others. */
import { expect, it } from '@jest/globals';
import type { FeatureKey } from '@wsi-operator/features';
import { patchesKey, requireSameFeatures } from './feature-key.ts';
import { S3Store } from '@wsi-operator/slides';

const KEY: FeatureKey = {
  encoder: 'tiny',
  encoderDigest: 'a'.repeat(64),
  patches: '{}',
  slideFingerprint: 'b'.repeat(64),
  toolVersion: '1',
};
const judge = (changes: Partial<FeatureKey>, layout: 'trident' | 'clam' = 'trident') => {
  return () => requireSameFeatures('S.h5', { key: { ...KEY, ...changes }, layout }, KEY, 'trident');
};

it('features of the same key are the same, whichever version wrote them', () => {
  expect(judge({ toolVersion: '2' })).not.toThrow();
});

it.each([
  [{ encoder: 'resnet18' }, /encoder "resnet18", not of tiny/],
  [{ encoderDigest: 'c'.repeat(64) }, /tiny with other parameters/],
  [{ patches: '{"size":1}' }, /cut otherwise/],
  [{ slideFingerprint: 'c'.repeat(64) }, /another slide of this name/],
])('features of another key are refused with what differs: %j', (changes, message) => {
  expect(judge(changes)).toThrow(message);
});

it('features in another layout, and those without a key, are refused', () => {
  expect(judge({}, 'clam')).toThrow(/layout of clam, not of trident/);
  expect(() => requireSameFeatures('S.h5', { layout: 'trident' }, KEY, 'trident')).toThrow(/another program/);
});

it('the fingerprint may be left out while it is not known', () => {
  const { slideFingerprint: _unknown, ...wanted } = KEY;
  expect(() => requireSameFeatures('S.h5', { key: KEY, layout: 'trident' }, wanted, 'trident')).not.toThrow();
});

it('what tiles are cut by has one text, whatever is left undefined, and a stated resolution is part of it', async () => {
  const store = new S3Store();
  const key = (mpp: number | undefined, stated?: number): Promise<string> =>
    patchesKey(
      { slide: 'S', stated: stated === undefined ? undefined : { mpp: stated, overrides: false } },
      { size: 64, batch: 16, mpp, tissue: { method: 'none', pens: undefined } },
      store,
    );
  expect(await key(undefined)).toBe('{"batch":16,"size":64,"tissue":{"method":"none"}}');
  expect(new Set([await key(undefined), await key(0.5), await key(0.5, 0.25)]).size).toBe(3);
});
