import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Cohort } from '@wsi-operator/cohort';
import { createLogger } from '@wsi-operator/foundation';
import { Quarantine } from './quarantine.ts';
import { UnreadableSlideError } from '../../slide-files/unreadable-slide.ts';

process.env['WSI_LOG_LEVEL'] = 'silent';
const logger = createLogger({ role: 'test' });

const outcome = { type: 'classification', class: 'a', classIndex: 0 } as const;
const cohort: Cohort = {
  outcomeType: 'classification',
  cases: [
    { patient: 'p1', bag: 'p1', slides: ['a1', 'a2'], outcome, split: 'train' },
    { patient: 'p2', bag: 'p2', slides: ['b'], outcome, split: 'train' },
    { patient: 'p3', bag: 'p3', slides: ['c'], outcome, split: 'test' },
  ],
  classes: ['a'],
  treatments: [],
};

function errors(...slides: string[]): UnreadableSlideError[] {
  return slides.map((slide) => new UnreadableSlideError('SlideUnreadable', `${slide}: torn.`, slide));
}

describe('the quarantine', () => {
  let path: string;
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-quarantine-'));
    path = join(directory, 'quarantine.json');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('removes slides from their bags, and empty bags from the cohort', async () => {
    const quarantine = await Quarantine.load(path, logger);
    expect(quarantine.without(cohort)).toEqual(cohort);
    await quarantine.add(errors('c', 'a1'), cohort);
    const left = (await Quarantine.load(path, logger)).without(cohort);
    expect(left.cases.map(({ bag, slides }) => [bag, slides])).toEqual([
      ['p1', ['a2']],
      ['p2', ['b']],
    ]);
    expect(quarantine.notice?.whole).toBe('2 slides are quarantined: a1: torn. c: torn.');
  });

  it('decides which checkpoints remain valid, over any number of losses', async () => {
    const quarantine = await Quarantine.load(path, logger);
    await quarantine.add(errors('c'), cohort, { identity: 'first' });
    expect(quarantine.standingOf('first')).toBe('continued');
    await quarantine.add(errors('b'), cohort, { identity: 'second' });
    await quarantine.add(errors('b'), cohort, { identity: 'third' });
    const again = await Quarantine.load(path, logger);
    expect(['first', 'second', 'third'].map((identity) => again.standingOf(identity))).toEqual([
      'superseded',
      'superseded',
      'foreign',
    ]);
  });

  it('fails the run without a change if no slide is left to train on', async () => {
    const quarantine = await Quarantine.load(path, logger);
    await expect(quarantine.add(errors('a1', 'a2', 'b'), cohort)).rejects.toThrow(/3 of 4 slides.*\n.*a1/);
    expect(quarantine.slides).toEqual([]);
    await expect(readFile(path)).rejects.toThrow('ENOENT');
  });

  it('is not assumed empty if its file is damaged', async () => {
    for (const text of ['', '{"format": 1, "slides": [', '{"format": 2}', '{}', 'null']) {
      await writeFile(path, text);
      await expect(Quarantine.load(path, logger)).rejects.toThrow(`${path}: the list of quarantined slides`);
    }
  });
});
