import { describe, expect, it } from '@jest/globals';
import type { Cohort } from '@wsi-operator/cohort';
import type { Logger } from '@wsi-operator/foundation';
import type { SurveyedSlide } from '../../plan/surveyed-slide.ts';
import { requireDistinctSlides, type AllowedDuplicates, type DuplicateOptions } from './duplicate-slides.ts';

const logged: unknown[] = [];
const logger = { warn: (fields: unknown) => logged.push(fields) } as unknown as Logger;

function surveyed(slide: string, picture: string): SurveyedSlide {
  return {
    slide,
    coordinates: new Int32Array(2),
    tiles: 1,
    footprint: { x: 1, y: 1 },
    fingerprint: slide,
    digest: slide,
    width: 100,
    height: 100,
    file: { bytes: 1, version: '' },
    signature: { picture, detail: new Uint8Array(0), colours: new Uint8Array(0) },
  };
}

const cohort: Cohort = {
  outcomeType: 'classification',
  classes: ['x', 'y'],
  treatments: [],
  cases: ['a', 'b', 'c'].map((patient, index) => ({
    patient,
    bag: patient,
    slides: [`/slides/${patient}.svs`],
    outcome: { type: 'classification', class: 'x', classIndex: 0 },
    split: index === 0 ? 'train' : 'test',
  })),
};

function check(
  pictures: readonly string[],
  policy: DuplicateOptions['policy'] = 'fail',
  reported: readonly number[] = [],
): Promise<AllowedDuplicates> {
  const paths = cohort.cases.flatMap(({ slides }) => slides);
  const slides = new Map(paths.map((path, index) => [path, surveyed(path, pictures[index]!)]));
  // The last of the cases is the first row of the table.
  const lines = new Map(paths.map((path, index) => [path, 4 - index]));
  return requireDistinctSlides(cohort, slides, {
    ...{ lines, policy, logger },
    table: 'cohort.csv',
    reported: new Set(reported),
  });
}

describe('requireDistinctSlides', () => {
  it('is silent about a cohort of different slides', async () => {
    expect(await check(['1', '2', '3'])).toEqual({ notice: undefined, note: '' });
  });

  it('names both rows of a duplicate slide, and their sides of the split', async () => {
    await expect(check(['1', '2', '1'])).rejects.toMatchObject({
      code: 'InvalidCohort',
      message:
        'cohort.csv: a slide of the table is there under another name, too:\n' +
        "  lines 2 and 4: 'c.svs' of patient 'c' and 'a.svs' of patient 'a' have the same pixels (test and train)\n" +
        'Leave one row of each pair out: a slide that is learned must not be tested. When they are different slides: ' +
        '`cohort.duplicateSlides: allow`.',
    });
  });

  it('only notes copies if the job allows them, briefly where the note is repeated', async () => {
    const { notice, note } = await check(['1', '1', '1'], 'allow');
    expect(String(notice)).toBe('2 slides of the table are there under another name, too');
    expect(note).toBe(
      "2 slides of the table are there under another name, too: lines 2 and 3: 'c.svs' of patient 'c' and 'b.svs' " +
        "of patient 'b' have the same pixels; lines 2 and 4: 'c.svs' of patient 'c' and 'a.svs' of patient 'a' have " +
        'the same pixels (test and train)',
    );
  });

  it('does not repeat a copy that the check of the table has reported', async () => {
    logged.length = 0;
    const { notice, note } = await check(['1', '1', '1'], 'allow', [3]);
    expect(String(notice)).toBe('2 slides of the table are there under another name, too');
    expect(note).toMatch(/^a slide of the table is there under another name, too: lines 2 and 4: [^;]*$/);
    expect(logged).toHaveLength(1);
    expect((await check(['1', '1', '1'], 'allow', [3, 4])).note).toBe('');
  });
});
