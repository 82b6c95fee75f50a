import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { storeCredentials, storePython, TestStore } from '@wsi-operator/slides/testing';
import { foldedFaults } from './faults.ts';
import { givenSlides } from './given-slides.ts';
import { slideSources } from './options.ts';
import { outputNames } from './output-names.ts';

describe('the file names for slides', () => {
  it('are their base names, unless two would be equal', () => {
    const names = (...slides: string[]) => Object.fromEntries(outputNames(slides, ['model', 'Taken']));
    expect(names('/a/one.svs', '/b/two.tif')).toEqual({ '/a/one.svs': 'one', '/b/two.tif': 'two' });
    expect(names('/a/one.svs', '/a/one.tif')).toEqual({ '/a/one.svs': 'one.svs', '/a/one.tif': 'one.tif' });
    expect(names('/P1/scan.tif', '/P2/scan.tif')).toEqual({
      '/P1/scan.tif': 'P1-scan',
      '/P2/scan.tif': 'P2-scan',
    });
    expect(names('/x/P1/scan.tif', '/y/P1/scan.tif')).toEqual({
      '/x/P1/scan.tif': 'P1-scan.tif',
      '/y/P1/scan.tif': 'P1-scan.tif-2',
    });
    expect(names('/a/model.svs', '/a/taken.svs')).toEqual({
      '/a/model.svs': 'model-2',
      '/a/taken.svs': 'taken-2',
    });
  });

  it('differ where a file system would not distinguish two names', () => {
    const distinct = (...slides: string[]): number =>
      new Set([...outputNames(slides).values()].map((name) => name.normalize('NFC').toLowerCase())).size;
    expect(distinct('/a/Scan.svs', '/b/scan.svs', '/c/SCAN.svs')).toBe(3);
    expect(distinct('/a/\u00e4.svs', '/b/a\u0308.svs')).toBe(2);
    // The name that one is given because of its likes may be another's own.
    expect(distinct('/P1/scan.tif', '/P2/scan.tif', '/x/P1-scan.svs')).toBe(3);
  });

  it('are valid file names', () => {
    const [name] = outputNames([`/a/${'ä'.repeat(300)}.svs`]).values();
    expect(Buffer.byteLength(name!)).toBeLessThanOrEqual(180);
    expect([...outputNames(['/a/a:b?.svs']).values()]).toEqual(['a_b_']);
  });
});

describe('equal faults of many slides', () => {
  const fault = (slide: string, problem: string) => ({
    slide,
    error: new WsiError('NotFound', problem, { where: slide, remedy: 'Look.' }),
  });

  it('are reported once, with all slides that have them', () => {
    const many = Array.from({ length: 40 }, (_, index) => fault(`${index}.svs`, 'It is gone.'));
    expect(foldedFaults([...many, fault('x.svs', 'It is empty.')])).toEqual([
      '40 slides: It is gone. Look.',
      ...[0, 1, 2, 3, 4].map((index) => `  ${index}.svs`),
      '  and 35 more',
      'x.svs: It is empty. Look.',
    ]);
  });
});

describe('the slides given to a command', () => {
  let directory: string;
  const at = (...path: string[]): string => join(directory, ...path);
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'wsi-given-'));
    mkdirSync(at('uuid', 'logs'), { recursive: true });
    mkdirSync(at('mirax'));
    for (const file of [
      'a.SVS',
      'uuid/b.tif',
      'uuid/logs/b.txt',
      '._a.svs',
      'mirax/Data0001.dat',
      'mirax.mrxs',
    ])
      writeFileSync(at(file), 'x');
    symlinkSync(at('a.SVS'), at('uuid', 'linked.svs'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));
  const given = (paths: readonly string[], flags = {}) => givenSlides(paths, slideSources(flags));
  const pathsOf = async (...paths: string[]): Promise<string[]> =>
    (await given(paths)).slides.map(({ path }) => path.slice(directory.length + 1));

  it('are those below a directory, without companion and hidden files', async () => {
    expect(await pathsOf(directory)).toEqual(['a.SVS', 'mirax.mrxs', 'uuid/b.tif', 'uuid/linked.svs']);
  });

  it('are each listed once, however they were given', async () => {
    expect(await pathsOf(at('uuid'), at('uuid/b.tif'), at('**/*.tif'))).toEqual([
      'uuid/b.tif',
      'uuid/linked.svs',
    ]);
  });

  it('include a DICOM series once, by its largest file', async () => {
    const dicom = (series: string, bytes: number): Buffer => {
      const tag = Buffer.from([0x20, 0, 0x0e, 0, 0x55, 0x49, series.length, 0]);
      return Buffer.concat([
        Buffer.alloc(128),
        Buffer.from('DICM'),
        tag,
        Buffer.from(series),
        Buffer.alloc(bytes),
      ]);
    };
    writeFileSync(at('1.dcm'), dicom('1.2.3.4', 10));
    writeFileSync(at('2.dcm'), dicom('1.2.3.4', 500));
    writeFileSync(at('3.dcm'), dicom('1.2.3.6', 20));
    expect((await pathsOf(directory)).filter((path) => path.endsWith('dcm'))).toEqual(['2.dcm', '3.dcm']);
  });

  it('are those of a table, with their patients; missing slides are reported with their line', async () => {
    writeFileSync(at('table.csv'), 'patient,file\nP1,a.SVS\nP1,uuid/b.tif\nP2,gone.svs\n');
    const { slides, faults, fromTable } = await given([at('table.csv')], { slideColumn: 'file' });
    expect(slides.map(({ patient, name }) => [patient, name])).toEqual([
      ['P1', 'a.SVS'],
      ['P1', 'uuid/b.tif'],
    ]);
    expect(fromTable).toBe(true);
    expect(faults).toMatchObject([{ slide: 'gone.svs', line: 4, patient: 'P2', path: at('gone.svs') }]);
    await expect(given([at('table.csv')])).rejects.toThrow(/no column 'slide'.*--slide-column/s);
  });

  it('have the resolution of the named column, which must exist', async () => {
    writeFileSync(at('table.csv'), 'patient,slide,um_per_px\nP1,a.SVS,"0,5"\nP2,uuid/b.tif,\n');
    const { slides } = await given([at('table.csv')], { resolutionColumn: 'um_per_px' });
    expect(slides.map(({ mpp }) => mpp)).toEqual([0.5, undefined]);
    await expect(given([at('table.csv')], { resolutionColumn: 'mpp' })).rejects.toThrow(
      /no column 'mpp'.*--resolution-column/s,
    );
    // Of the model's job the column need not be in a table of new slides.
    const job = { resolution: { column: 'mpp' } };
    const { slides: found } = await givenSlides([at('table.csv')], slideSources({}, job));
    expect(found.map(({ mpp }) => mpp)).toEqual([undefined, undefined]);
  });

  it('are the files of features of the slides, where a model takes those', async () => {
    mkdirSync(at('h5'));
    for (const name of ['a.h5', 'b.svs.h5', '.hidden.h5', 'b.svs']) writeFileSync(at('h5', name), 'x');
    writeFileSync(at('table.csv'), 'slide\na.svs\nb.svs\nc.svs\n');
    const sources = slideSources({ slides: at('h5') }, { features: true });
    const names = [at('h5', 'a.h5'), at('h5', 'b.svs.h5')];
    for (const argument of [at('h5'), at('h5', '*'), at('table.csv')]) {
      expect((await givenSlides([argument], sources)).slides.map(({ path }) => path)).toEqual(names);
    }
    expect((await givenSlides([at('table.csv')], sources)).faults[0]?.error.message).toContain(
      "has no file of features ('c.h5' or 'c.svs.h5')",
    );
  });

  it('are the remaining ones when a directory is empty, a pattern has no match, or a folder of a table is missing', async () => {
    mkdirSync(at('empty'));
    writeFileSync(at('table.csv'), 'slide\na.SVS\n');
    const { slides, faults } = await given([at('empty'), at('*.ndpi'), at('a.SVS')]);
    expect(slides).toHaveLength(1);
    expect(faults.map(({ error }) => error.problem)).toEqual([
      'there are no slides in this directory, nor below it.',
      'no slide matches this pattern.',
    ]);
    const elsewhere = await given([at('table.csv')], { slides: at('nowhere') });
    expect(elsewhere.faults[0]?.error.message).toMatch(/nowhere: there is no such directory/);
  });
});

const whenSetUp = storePython === null ? describe.skip : describe;

whenSetUp(
  'slides that a table in S3 names (skipped without `node tools/setup/setup.mjs --python-reference`)',
  () => {
    let server: TestStore;
    const before = process.env['AWS_ENDPOINT_URL_S3'];
    beforeEach(async () => {
      server = await TestStore.start();
      Object.assign(process.env, storeCredentials, { AWS_ENDPOINT_URL_S3: server.endpoint });
      await server.createBucket('cohorts');
    });
    afterEach(async () => {
      if (before === undefined) delete process.env['AWS_ENDPOINT_URL_S3'];
      else process.env['AWS_ENDPOINT_URL_S3'] = before;
      await server.close();
    });

    it('lie beside it, or where it is said', async () => {
      await server.put('cohorts', 'lung/new.csv', 'patient,slide\nP1,a.svs\nP1,sub/b.svs\n');
      const table = 's3://cohorts/lung/new.csv';
      const paths = async (slides?: string): Promise<unknown[]> =>
        (await givenSlides([table], slideSources(slides === undefined ? {} : { slides }))).slides.map(
          ({ patient, path }) => [patient, path],
        );
      expect(await paths()).toEqual([
        ['P1', 's3://cohorts/lung/a.svs'],
        ['P1', 's3://cohorts/lung/sub/b.svs'],
      ]);
      expect(await paths('s3://other')).toEqual([
        ['P1', 's3://other/a.svs'],
        ['P1', 's3://other/sub/b.svs'],
      ]);
      const { slides, faults } = await givenSlides(['s3://cohorts/lung/gone.csv'], slideSources({}));
      expect([slides, faults[0]?.error.code]).toEqual([[], 'NotFound']);
    });
  },
);
