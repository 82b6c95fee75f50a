import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { micrometresFrom, numberIn, objectivePowerFrom } from './number-text.ts';
import { isOme, omeImages } from './ome.ts';
import { judgeClaims } from './resolution-claims.ts';
import { withStatement } from './stated-resolution.ts';

describe('a number in the metadata of a scanner', () => {
  it.each([
    ['0.4990', 0.499],
    ['0,4990', 0.499],
    ['1.234,5', 1234.5],
    ['1,234.5', 1234.5],
    ['1 234,5', 1234.5],
    ["1'234.5", 1234.5],
    ['1.234.567', 1234567],
    ['2.5e-1', 0.25],
    ['2,5E-1', 0.25],
    ['  .25 ', 0.25],
  ])('is read from "%s"', (text, value) => {
    expect(numberIn(text)).toEqual({ value, rest: '' });
  });

  it.each(['', 'NaN', 'Infinity', 'unknown', '-', '#N/A'])('is not read from %j', (text) => {
    expect(numberIn(text)).toBeUndefined();
  });

  it('is read as written in any locale', () => {
    const value = fc.double({ min: 1e-3, max: 999, noNaN: true }).map((each) => Number(each.toFixed(6)));
    fc.assert(
      fc.property(value, fc.constantFrom('.', ','), (number, point) => {
        expect(numberIn(number.toFixed(6).replace('.', point))?.value).toBe(number);
      }),
    );
  });

  it.each([
    ['0.25', 0.25],
    ['0,25 µm', 0.25],
    ['0.25 \u03bcm', 0.25],
    ['0.25um/px', 0.25],
    ['250 nm', 0.25],
    ['0.00025 mm', 0.25],
    ['0.25 microns per pixel', 0.25],
    ['0.25 pixel', undefined],
    ['0.25 reference frame', undefined],
  ])('can be a length: %s', (text, value) => {
    const found = micrometresFrom(text);
    if (value === undefined) expect(found).toBeUndefined();
    else expect(found).toBeCloseTo(value, 12);
  });

  it.each([
    ['20', 20],
    ['20x', 20],
    ['X40', 40],
    ['20,0', 20],
    ['0', undefined],
    ['none', undefined],
  ])('can be the magnification of an objective: %s', (text, power) => {
    expect(objectivePowerFrom(text)).toBe(power);
  });
});

describe('the resolution claimed by a file', () => {
  const claim = (
    x: number | undefined,
    y = x,
    source = 'the file',
  ): Parameters<typeof judgeClaims>[0][number] => ({
    source,
    x,
    y,
  });

  it.each([0.05, 0.1213, 0.25, 0.499, 1, 8, 10])('is accepted as %s um/px', (mpp) => {
    expect(judgeClaims([claim(mpp)], undefined)).toMatchObject({
      mpp: { x: mpp, y: mpp },
      problem: undefined,
    });
  });

  it.each([
    [25_400 / 72, /72 dots an inch/u],
    [25_400 / 300, /300 dots an inch/u],
    [25_400 / 1000, /1000 dots an inch/u],
    [10_000, /no microscope/u],
    [0.00025, /0\.25 um\/px if it is meant in millimetres/u],
    [0, /no resolution/u],
    [-0.5, /no resolution/u],
    [NaN, /no resolution/u],
    [Infinity, /no resolution/u],
  ])('is refused as %s um/px, with the reason', (mpp, reason) => {
    const found = judgeClaims([claim(mpp)], undefined);
    expect(found.mpp).toBeUndefined();
    expect(found.problem).toMatch(reason);
  });

  it('is undefined where none is claimed', () => {
    const nothing = { mpp: undefined, source: undefined, problem: undefined, notes: [] };
    expect(judgeClaims([claim(undefined)], 20)).toEqual(nothing);
    expect(judgeClaims([], undefined)).toEqual(nothing);
  });

  it('may have one side only, which is used for both and noted', () => {
    const found = judgeClaims([{ source: 'the file', x: 0.5, y: undefined }], undefined);
    expect(found).toMatchObject({ mpp: { x: 0.5, y: 0.5 } });
    expect(found.notes.join()).toMatch(/one side/u);
    expect(judgeClaims([claim(0, 0.5)], undefined).mpp).toEqual({ x: 0.5, y: 0.5 });
  });

  it('may have slightly different sides, but not very different ones', () => {
    expect(judgeClaims([claim(0.25, 0.26)], undefined).mpp).toEqual({ x: 0.25, y: 0.26 });
    expect(judgeClaims([claim(0.25, 2.5)], undefined).problem).toMatch(/sides/u);
  });

  it('is refused if the objective contradicts it, and noted if unusual', () => {
    expect(judgeClaims([claim(0.23)], 20).notes).toEqual([]);
    expect(judgeClaims([claim(0.9)], 40).notes.join()).toMatch(/unusual.*0\.25 um\/px/u);
    expect(judgeClaims([claim(5)], 40).problem).toMatch(/contradicts the objective of 40x/u);
  });

  it('is the first plausible one, with a note about the others', () => {
    const found = judgeClaims(
      [claim(84.7, 84.7, 'a'), claim(0.5, 0.5, 'b'), claim(0.25, 0.25, 'c')],
      undefined,
    );
    expect(found).toMatchObject({ mpp: { x: 0.5, y: 0.5 }, source: 'b' });
    expect(found.notes.join('\n')).toMatch(/c says 0\.25.*\n.*a says 84\.7/su);
  });
});

describe('a resolution stated by the user', () => {
  const says = (mpp: number | undefined): ReturnType<typeof judgeClaims> =>
    judgeClaims([{ source: 'the file', x: mpp, y: mpp }], undefined);

  it('replaces a missing one', () => {
    expect(withStatement('a', says(undefined), { mpp: 0.5 })).toMatchObject({
      mpp: { x: 0.5 },
      stated: true,
    });
    expect(withStatement('a', says(84.7), { mpp: 0.5 })).toMatchObject({ mpp: { x: 0.5 }, stated: true });
    expect(withStatement('a', says(0.25), undefined)).toMatchObject({ mpp: { x: 0.25 }, stated: false });
  });

  it('yields to the file if they agree, with a note if they differ slightly', () => {
    expect(withStatement('a', says(0.499), { mpp: 0.5 })).toMatchObject({ mpp: { x: 0.499 }, notes: [] });
    expect(withStatement('a', says(0.47), { mpp: 0.5 }).notes.join()).toMatch(
      /0\.5 um\/px is stated.*0\.47/u,
    );
  });

  it('is refused if the file contradicts it, unless it is preferred', () => {
    expect(() => withStatement('a', says(0.25), { mpp: 0.5 })).toThrow(/Two resolutions.*prefer/su);
    const held = withStatement('a', says(0.25), { mpp: 0.5, prefer: 'statement' });
    expect(held).toMatchObject({ mpp: { x: 0.5 }, stated: true });
    expect(held.notes.join()).toMatch(/0\.25/u);
  });

  it.each([0, -1, NaN, 300, 0.001])('is refused as %s um/px', (mpp) => {
    expect(() => withStatement('a', says(undefined), { mpp })).toThrow(/stated/u);
  });
});

describe('the OME-XML of a slide', () => {
  const xml = `<?xml version="1.0"?><ome:OME xmlns:ome="http://www.openmicroscopy.org/Schemas/OME/2016-06">
    <!-- <Image Name="not this"><Pixels SizeX="9" SizeY="9"/></Image> -->
    <ome:Instrument ID="I:0"><ome:Objective ID="O:0" NominalMagnification="20.0"/></ome:Instrument>
    <ome:Image ID="Image:0" Name="macro &amp; label"><ome:Pixels SizeX="600" SizeY="300" SizeC="3">
      <ome:Channel SamplesPerPixel="3"/><ome:TiffData IFD="2"/></ome:Pixels></ome:Image>
    <ome:Image Name='slide'><ome:ObjectiveSettings ID="O:0"/>
      <ome:Pixels SizeX="2048" SizeY="1536" SizeC="3" SizeZ="2" PhysicalSizeX="250" PhysicalSizeXUnit="nm"
        PhysicalSizeY="2.5E-4" PhysicalSizeYUnit="mm"><ome:Channel SamplesPerPixel="3"/><ome:TiffData IFD="0"/>
      </ome:Pixels></ome:Image></ome:OME>`;

  it('gives images, sizes in micrometres, objective and page', () => {
    expect(isOme(xml)).toBe(true);
    const [macro, slide] = omeImages(xml);
    expect(macro).toMatchObject({ name: 'macro & label', width: 600, mppX: undefined, page: 2, planes: 1 });
    expect(slide).toMatchObject({
      name: 'slide',
      width: 2048,
      objectivePower: 20,
      page: 0,
      planes: 2,
      samples: 3,
    });
    expect(slide!.mppX).toBeCloseTo(0.25, 12);
    expect(slide!.mppY).toBeCloseTo(0.25, 12);
  });

  it('has micrometres by default, and no length in pixels', () => {
    const sizeOf = (attributes: string): number | undefined =>
      omeImages(`<OME><Image><Pixels SizeX="1" SizeY="1" ${attributes}/></Image></OME>`)[0]!.mppX;
    expect(sizeOf('PhysicalSizeX="0.5"')).toBe(0.5);
    expect(sizeOf('PhysicalSizeX="0,5"')).toBe(0.5);
    expect(sizeOf('PhysicalSizeX="1" PhysicalSizeXUnit="pixel"')).toBeUndefined();
    expect(sizeOf('PhysicalSizeX="0.5" PhysicalSizeXUnit="&#181;m"')).toBe(0.5);
  });
});
