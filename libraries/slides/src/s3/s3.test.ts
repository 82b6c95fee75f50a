/** Slides in a real S3 store (moto's): the same pixels as on disk, few bytes, and errors that say what to do. */
/* eslint-disable max-lines -- all tests share one started store */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import sharp from 'sharp';
import { openSlide } from '../open-slide.ts';
import { identifySlide } from '../slide-identity.ts';
import type { Slide } from '../slide.ts';
import { tileGrid } from '../tile-grid.ts';
import { TileReader } from '../tile-reader.ts';
import { answerError, storeCredentials, storePython, TestStore } from '../testing/s3-server.ts';
import { scratchDirectory } from '../testing/scratch.ts';
import { encodedLevel, paintedPixels, buildTiff } from '../tiff/testing/tiff-fixture.ts';
import { S3Store, type S3StoreOptions } from './store.ts';

const whenSetUp = storePython === null ? describe.skip : describe;
const scratch = scratchDirectory();

whenSetUp('slides in S3 (skipped without `node tools/setup/setup.mjs --python-reference`)', () => {
  let server: TestStore;
  let store: S3Store;
  let file: Buffer;
  const stores: S3Store[] = [];

  beforeAll(async () => {
    Object.assign(process.env, storeCredentials, { AWS_EC2_METADATA_DISABLED: 'true' });
    process.env['WSI_CACHE_DIRECTORY'] = scratch('cache');
    server = await TestStore.start();
    await server.createBucket('slides');
    file = await pyramid(1);
    await writeFile(scratch('a.tiff'), file);
    await server.put('slides', 'cohort/a.tiff', file);
    store = storeWith({});
  });
  afterEach(() => {
    server.fault = undefined;
    server.resetCounts();
  });
  afterAll(async () => {
    for (const made of stores) await made.close();
    await server.close();
  });

  function storeWith(options: S3StoreOptions): S3Store {
    const made = new S3Store({
      endpoint: server.endpoint,
      forcePathStyle: true,
      pause: () => Promise.resolve(),
      ...options,
    });
    stores.push(made);
    return made;
  }

  const url = 's3://slides/cohort/a.tiff';

  it('have the same pixels, properties and fingerprint as on disk', async () => {
    const [stored, local] = await Promise.all([openSlide(url, { store }), openSlide(scratch('a.tiff'))]);
    expect(stored).toMatchObject({ path: url, reader: 'tiff', format: local.format, mpp: local.mpp });
    expect(stored.fingerprint).toBe(local.fingerprint);
    expect(stored.levels).toEqual(local.levels);
    expect(stored.properties).toEqual(local.properties);
    const region = { level: 0, x: 70, y: 150, width: 300, height: 200 };
    expect(await stored.readRegion(region)).toEqual(await local.readRegion(region));
    expect(await stored.thumbnail(100)).toEqual(await local.thumbnail(100));
    await closeAll(stored, local);
  });

  it('are read in parts: a survey and an epoch cost little more than the tiles themselves', async () => {
    const slide = await openSlide(url, { store });
    const grid = await tileGrid(slide, { size: 128, level: 0 });
    await slide.close();
    const reader = new TileReader({ store, cacheBytes: 2 ** 20 });
    server.resetCounts();
    const patches = { size: 128, level: 0 };
    const pixels = await reader.read({ slide: url, patches, coordinates: grid.coordinates });
    await reader.close();
    const local = new TileReader();
    const same = await local.read({ slide: scratch('a.tiff'), patches, coordinates: grid.coordinates });
    await local.close();
    expect(Buffer.compare(pixels, same)).toBe(0);
    // Here that is the whole slide, and the 64 KiB blocks of its directories once more.
    expect(server.bytes).toBeLessThan(file.length + 3 * 65_536);
    expect(server.requests.length).toBeLessThan(20);
    expect(server.requests.every(({ method, range }) => method === 'GET' && range !== undefined)).toBe(true);
  });

  it('are not read whole for a small request', async () => {
    const slide = await openSlide(url, { store });
    expect(server.bytes).toBeLessThan(4 * 65_536);
    server.resetCounts();
    await slide.readRegion({ level: 0, x: 512, y: 512, width: 64, height: 64 });
    expect(server.requests).toHaveLength(1);
    expect(server.bytes).toBeLessThan(20_000);
    await slide.close();
  });

  it('survive an overloaded store and broken connections', async () => {
    const slide = await openSlide(url, { store });
    const region = { level: 0, x: 0, y: 0, width: 512, height: 512 };
    const expected = await slide.readRegion(region);
    let faults = 0;
    server.fault = (request, answer) => {
      faults += 1;
      if (faults === 1) return answerError(answer, 503, 'SlowDown');
      if (faults === 2) return answerError(answer, 500, 'InternalError');
      if (faults > 4) return undefined;
      // The answer breaks off in the middle of its body.
      answer.writeHead(206, { 'content-length': '1000', 'content-range': 'bytes 0-999/100000', etag: '"x"' });
      answer.write('half', () => request.socket.destroy());
      return true;
    };
    expect(await slide.readRegion(region)).toEqual(expected);
    expect(faults).toBeGreaterThanOrEqual(5);
    await slide.close();
  });

  it('fail on a store that stays overloaded, with an error that may be retried', async () => {
    const pause = jest.fn(() => Promise.resolve());
    server.fault = (_request, answer) => answerError(answer, 503, 'SlowDown');
    await expect(openSlide(url, { store: storeWith({ pause }) })).rejects.toMatchObject({
      code: 'Unavailable',
      retryable: true,
      where: url,
    });
    const pauses = (pause.mock.calls as unknown as [number][]).map(([milliseconds]) => milliseconds);
    expect(pauses).toHaveLength(6);
    expect(pauses.at(-1)).toBeGreaterThan(pauses[0]! * 3);
    expect(Math.max(...pauses)).toBeLessThanOrEqual(5_000);
  });

  it('are pinned, so that replacing one while it is read is an error that names it', async () => {
    await server.put('slides', 'pinned.tiff', file);
    const slide = await openSlide('s3://slides/pinned.tiff', { store });
    const before = await identifySlide('s3://slides/pinned.tiff', store);
    await server.put('slides', 'pinned.tiff', await pyramid(2));
    expect(await identifySlide('s3://slides/pinned.tiff', store)).not.toEqual(before);
    await expect(slide.readRegion({ level: 0, x: 0, y: 0, width: 64, height: 64 })).rejects.toThrow(
      's3://slides/pinned.tiff: the slide was replaced or changed during the run.',
    );
    await slide.close();
  });

  it.each<[string, string, string]>([
    ['no such bucket', 's3://nowhere/a.tiff', 's3://nowhere/a.tiff: there is no such bucket at http://127'],
    ['no such object', 's3://slides/A.tiff', 's3://slides/A.tiff: there is no such slide in the bucket'],
    ['a prefix', 's3://slides/cohort/', 'This is a directory, not a slide'],
  ])('report %s', async (_name, address, message) => {
    await expect(openSlide(address, { store })).rejects.toThrow(message);
  });

  it.each<[number, string, Record<string, string>, string]>([
    [403, 'AccessDenied', {}, 'these credentials may not read it (AccessDenied). Grant s3:GetObject'],
    [403, 'InvalidAccessKeyId', {}, 'does not know the access key'],
    [403, 'SignatureDoesNotMatch', {}, 'Check AWS_SECRET_ACCESS_KEY'],
    [400, 'ExpiredToken', {}, 'the credentials have expired'],
    [403, 'InvalidObjectState', {}, 'the object is archived'],
    [403, 'RequestTimeTooSkewed', {}, "this machine's clock differs from the store's"],
    [
      301,
      'PermanentRedirect',
      { 'x-amz-bucket-region': 'eu-west-1' },
      "the bucket is in the region 'eu-west-1', not in 'us-east-1'. Set the cohort's `s3.region` to eu-west-1.",
    ],
  ])('explain the answer %d %s of the store', async (status, code, headers, message) => {
    server.fault = (_request, answer) => answerError(answer, status, code, headers);
    await expect(openSlide(url, { store })).rejects.toThrow(message);
  });

  it('report an endpoint that does not answer, an unknown host name, and missing credentials', async () => {
    const nobody = storeWith({ endpoint: 'http://127.0.0.1:1' });
    await expect(openSlide(url, { store: nobody })).rejects.toThrow(
      /http:\/\/127.0.0.1:1 cannot be reached \(.*ECONNREFUSED/,
    );
    const { AWS_ACCESS_KEY_ID: id } = process.env;
    delete process.env['AWS_ACCESS_KEY_ID'];
    try {
      await expect(openSlide(url, { store: storeWith({}) })).rejects.toThrow(
        'there are no credentials for S3',
      );
    } finally {
      process.env['AWS_ACCESS_KEY_ID'] = id;
    }
    const { endpoint: _endpoint, ...amazon } = { endpoint: '', store: new S3Store() };
    await expect(openSlide(url, amazon)).rejects.toThrow("it is not known in which of Amazon's regions");
  });

  it('are reported as on disk when damaged', async () => {
    await server.put('slides', 'cut.tiff', file.subarray(0, file.length - 70_000));
    await writeFile(scratch('cut.tiff'), file.subarray(0, file.length - 70_000));
    const local = await openSlide(scratch('cut.tiff')).catch((error: unknown) => error as Error);
    const stored = openSlide('s3://slides/cut.tiff', { store });
    await expect(stored).rejects.toThrow(
      (local as Error).message.replace(scratch('cut.tiff'), 's3://slides/cut.tiff'),
    );
  });

  describe('in a format that only OpenSlide reads', () => {
    const logger = { info: jest.fn() };
    let picture: Buffer;

    beforeAll(async () => {
      // Deflate instead of JPEG: not for the fast path.
      const { data, width, height } = paintedPixels(600, 500, 3);
      picture = await sharp(data, { raw: { width, height, channels: 3 } })
        .tiff({ compression: 'deflate', tile: true, tileWidth: 128, tileHeight: 128 })
        .toBuffer();
      await server.put('slides', 'other/x.tiff', picture);
    });

    it("are recognised as a manufacturer's TIFF even with JPEG tiles", async () => {
      const level = await encodedLevel(paintedPixels(300, 200, 4), { tileSide: 128, micrometres: 0.5 });
      const leica = '<scn xmlns="http://www.leica-microsystems.com/scn/2010/10/01">';
      // The name is at the end of what OpenSlide has to parse, far behind the file's first block.
      const description = `<?xml version="1.0"?>${leica}${' '.repeat(200_000)}</scn>`;
      const bytes = buildTiff({ levels: [level], description });
      await writeFile(scratch('leica.tiff'), bytes);
      await server.put('slides', 'leica.tiff', bytes);
      const local = await openSlide(scratch('leica.tiff')).catch((error: unknown) => error as Error);
      expect((local as Error).message).toContain('OpenSlide says');
      await expect(openSlide('s3://slides/leica.tiff', { store })).rejects.toThrow('OpenSlide says');
    });

    async function copies(): Promise<string[]> {
      return (await readdir(scratch('cache'))).filter((name) => name.startsWith('slide-'));
    }

    it('are copied once, and the copy is evicted when space runs out', async () => {
      const before = await copies();
      const open = (name = 'x'): Promise<Slide> =>
        openSlide(`s3://slides/other/${name}.tiff`, { store, logger: logger as never });
      const [first, second] = await Promise.all([open(), open()]);
      expect([first.reader, first.path]).toEqual(['openslide', 's3://slides/other/x.tiff']);
      const region = { level: 0, x: 10, y: 20, width: 50, height: 60 };
      expect(await first.readRegion(region)).toEqual(await second.readRegion(region));
      expect(logger.info).toHaveBeenCalledTimes(1);
      expect(await copies()).toHaveLength(before.length + 1);

      await server.put('slides', 'other/y.tiff', Buffer.concat([picture, Buffer.from('y')]));
      process.env['WSI_CACHE_BYTES'] = String(picture.length + 100);
      try {
        await expect(open('y')).rejects.toMatchObject({ code: 'StorageFailed' });
        // A reader closes what nobody reads, and goes on.
        await closeAll(first, second);
        const reader = new TileReader({ store });
        const patches = { size: 64, level: 0 };
        for (const name of ['x', 'y', 'x']) {
          const slide = `s3://slides/other/${name}.tiff`;
          await reader.read({ slide, patches, coordinates: Int32Array.of(0, 0) });
          expect(await copies()).toHaveLength(1);
        }
        await reader.close();
      } finally {
        delete process.env['WSI_CACHE_BYTES'];
      }
    });

    it('report where space has run out', async () => {
      process.env['WSI_CACHE_BYTES'] = '1000';
      await server.put('slides', 'other/z.tiff', Buffer.concat([picture, Buffer.from('z')]));
      try {
        await expect(openSlide('s3://slides/other/z.tiff', { store })).rejects.toThrow(
          /cache: a local copy of a slide needs 1 MiB, and 0 MiB are free. Give it more room, or name another/,
        );
      } finally {
        delete process.env['WSI_CACHE_BYTES'];
      }
      await mkdir(scratch('sub'));
      await writeFile(scratch('sub/file'), '');
      process.env['WSI_CACHE_DIRECTORY'] = scratch('sub/file/cache');
      try {
        await expect(openSlide('s3://slides/other/z.tiff', { store })).rejects.toThrow(
          'it cannot be written',
        );
      } finally {
        process.env['WSI_CACHE_DIRECTORY'] = scratch('cache');
      }
    });

    it('leave no partial file', async () => {
      server.fault = (request, answer) =>
        request.url?.includes('x.tiff') === true && request.headers['if-match'] !== undefined
          ? answerError(answer, 412, 'PreconditionFailed')
          : undefined;
      await server.put('slides', 'other/w/x.tiff', Buffer.concat([picture, Buffer.from('w')]));
      await expect(openSlide('s3://slides/other/w/x.tiff', { store })).rejects.toThrow('was replaced');
      expect((await copies()).filter((name) => name.endsWith('.tmp'))).toEqual([]);
      expect(await readFile(scratch('a.tiff'))).toEqual(file);
    });
  });

  async function pyramid(seed: number): Promise<Buffer> {
    const levels = await Promise.all(
      [
        [1500, 1200],
        [375, 300],
      ].map(([width, height]) =>
        encodedLevel(paintedPixels(width!, height!, seed), { tileSide: 128, micrometres: 0.5 }),
      ),
    );
    return buildTiff({ levels });
  }
});

async function closeAll(...slides: Slide[]): Promise<void> {
  for (const slide of slides) await slide.close();
}
