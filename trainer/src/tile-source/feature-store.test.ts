/** Where features of a frozen encoder are kept: in the run's output for those who see it, beside it for others. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { removeUnfinished } from '@wsi-operator/features';
import { makeFeatureStore, OpenFeatureStore } from './feature-store.ts';

let output: string;
beforeEach(async () => {
  output = await mkdtemp(join(tmpdir(), 'wsi-store-'));
});
afterEach(() => rm(output, { recursive: true, force: true }));

const SLIDES = ['/slides/a.svs', '/slides/b.svs'];

describe('the store of a run', () => {
  it('is the same for a run that goes on, and is used by who sees it', async () => {
    const place = await makeFeatureStore(output, SLIDES);
    expect(await makeFeatureStore(output, SLIDES)).toEqual(place);
    const store = await OpenFeatureStore.open(place);
    expect([store.shared, store.fileOf('/slides/a.svs')]).toEqual([true, join(output, 'features', 'a.h5')]);
    await store.close();
    expect(await readdir(join(output, 'features'))).toEqual(['.wsi-features']);
  });

  it.each([
    ['upper and lower case', ['/slides/a.svs', '/slides/A.svs']],
    ['their directories', ['/slides/1/a.svs', '/slides/2/a.svs']],
    ['their endings', ['/slides/a.svs', '/slides/a.tif']],
    ['how an accent is written', ['/slides/\u00e9.svs', '/slides/e\u0301.svs']],
  ])('has a file for each of the slides that differ in %s only', async (_name, slides) => {
    const store = await OpenFeatureStore.open(await makeFeatureStore(output, slides));
    const names = slides.map((slide) => store.fileOf(slide).normalize('NFC').toLowerCase());
    expect(new Set(names).size).toBe(slides.length);
  });

  it('is not taken for one of the same path on another machine', async () => {
    const place = await makeFeatureStore(output, SLIDES);
    const store = await OpenFeatureStore.open({ ...place, mark: 'another' });
    const own = dirname(store.fileOf('/slides/a.svs'));
    expect([store.shared, own.startsWith(output)]).toEqual([false, false]);
    await writeFile(store.fileOf('/slides/a.svs'), 'rows');
    await store.close();
    await expect(readdir(own)).rejects.toThrow('ENOENT');
  });

  it('loses what a killed process left, and nothing else', async () => {
    const place = await makeFeatureStore(output, SLIDES);
    const folder = join(output, 'features');
    for (const name of ['a.h5', 'b.h5.12-0a1b2c3d.tmp', 'b.tmp']) await writeFile(join(folder, name), '');
    await removeUnfinished(place.directory);
    expect((await readdir(folder)).sort()).toEqual(['.wsi-features', 'a.h5', 'b.tmp']);
  });

  it('says where it cannot be made', async () => {
    await mkdir(join(output, 'features', '.wsi-features'), { recursive: true });
    await expect(makeFeatureStore(output, SLIDES)).rejects.toMatchObject({
      code: 'StorageFailed',
      where: join(output, 'features', '.wsi-features'),
    });
  });
});
