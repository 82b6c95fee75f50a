import { describe, expect, it } from '@jest/globals';
import { bagSlides, parseSlideTable, slidesIn, type SlideTableSpec } from './slide-table.ts';
import type { SlideOracle } from './table-fields.ts';

const spec: SlideTableSpec = { patientColumn: 'patient', slideColumn: 'slide', patients: 'optional' };
const oracle: SlideOracle = (name) =>
  name.startsWith('gone')
    ? { found: false, reason: `the slide '${name}' does not exist` }
    : { found: true, path: `/s/${name}`, identity: `/s/${name.toLowerCase()}` };
const parse = (text: string, more: Partial<SlideTableSpec> = {}) =>
  parseSlideTable(text, { ...spec, ...more }, oracle);

describe('a table of slides', () => {
  it('needs no outcome, and is read without its missing slides', () => {
    const { slides, missing, problems } = parse(
      'slide,patient,age\nb.svs,P2,60\ngone.svs,P1,\na.svs,P1,50\n',
    );
    expect(problems).toEqual([]);
    expect(slides.map(({ patient, path, line }) => [patient, path, line])).toEqual([
      ['P2', '/s/b.svs', 2],
      ['P1', '/s/a.svs', 4],
    ]);
    expect(missing).toEqual([
      { line: 3, patient: 'P1', name: 'gone.svs', reason: "the slide 'gone.svs' does not exist" },
    ]);
  });

  it('may lack patients unless they are asked for', () => {
    expect(parse('slide\na.svs\n').slides).toEqual([{ line: 2, name: 'a.svs', path: '/s/a.svs' }]);
    expect(parse('slide\na.svs\n', { patients: 'required' }).problems[0]?.message).toMatch(
      /no column 'patient'/,
    );
    expect(parse('image\na.svs\n').problems[0]?.message).toMatch(/no column 'slide'/);
  });

  it('merges equal rows, and refuses a slide of two patients and empty fields', () => {
    const { slides, problems } = parse('patient,slide\nP1,a.svs\nP1,a.svs\nP2,A.svs\nNaN,c.svs\nP3,\n');
    expect(slides).toHaveLength(1);
    expect(problems.map(({ line, code }) => [line, code])).toEqual([
      [4, 'DuplicateSlide'],
      [5, 'EmptyField'],
      [6, 'EmptyField'],
    ]);
  });

  it("treats spellings of one patient as the model's job did", () => {
    const text = 'patient,slide\nP-1,a.svs\np-1,b.svs\n';
    expect(parse(text).problems[0]?.code).toBe('SimilarPatients');
    const merged = parse(text, { spellings: { patients: 'merge' } });
    expect(bagSlides('patient', merged.slides)).toHaveLength(1);
    const distinct = parse(text, { spellings: { patients: 'distinct' } });
    expect(bagSlides('patient', distinct.slides)).toHaveLength(2);
  });

  it('makes the bags of a cohort: sorted, with the slides of each in the order of their paths', () => {
    const { slides } = parse('patient,slide\nP2,c.svs\nP1,b.svs\nP2,a.svs\n');
    expect(bagSlides('patient', slides)).toEqual([
      { bag: 'P1', patient: 'P1', slides: ['/s/b.svs'] },
      { bag: 'P2', patient: 'P2', slides: ['/s/a.svs', '/s/c.svs'] },
    ]);
    expect(bagSlides('slide', slides).map(({ bag, patient }) => [bag, patient])).toEqual([
      ['a.svs', 'P2'],
      ['b.svs', 'P1'],
      ['c.svs', 'P2'],
    ]);
  });

  it('has the resolutions that it states', () => {
    const resolution = { column: 'mpp', mpp: 0.5 };
    const mppOf = (text: string) => parse(text, { resolution }).slides.map(({ mpp }) => mpp);
    expect(mppOf('slide,patient,mpp\na.svs,P,0.25\nb.svs,P,NA\n')).toEqual([0.25, 0.5]);
    expect(mppOf('slide,patient\na.svs,P\n')).toEqual([0.5]);
    expect(parse('slide,patient\na.svs,P\n').slides[0]).not.toHaveProperty('mpp');
    expect(parse('slide,patient,mpp\na.svs,P,40x\n', { resolution }).problems).toMatchObject([
      { line: 2, code: 'InvalidResolution' },
    ]);
  });

  it('finds slides in S3 by name', () => {
    expect(slidesIn('s3://bucket/slides/')('a/b.svs')).toMatchObject({ path: 's3://bucket/slides/a/b.svs' });
    expect(slidesIn('s3://bucket/slides')('../other/b.svs')).toMatchObject({
      path: 's3://bucket/other/b.svs',
    });
    expect(slidesIn('/data')('s3://other/c.svs')).toMatchObject({ path: 's3://other/c.svs' });
  });
});
