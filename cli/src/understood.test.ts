import { describe, expect, it } from '@jest/globals';
import { jobFromText } from '@wsi-operator/api';
import { examineTable } from '@wsi-operator/cohort';
import { MeasuredLines } from './progress/measured-lines.ts';
import { medianFollowUp, understoodLines } from './understood.ts';

const SURVIVAL = `
apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: { name: survival }
spec:
  cohort:
    table: cohort.csv
    slides: slides
    outcome: { type: survival, time: months, event: died, treatment: arm }
    split: { column: split }
  patches: { size: 224, mpp: 0.5 }
  model: { head: { name: cox } }
  training: { epochs: 3, slidesPerStep: 2 }
`;

const TABLE = `patient,slide,months,died,arm,split
p1,a.svs,10,1,surgery,train
p1,b.svs,10,1,surgery,train
p2,c.svs,20,0,radiotherapy,train
p3,d.svs,30,1,surgery,train
p4,e.svs,40,0,radiotherapy,test
p5,f.svs,50,1,,test
`;

const { spec } = jobFromText(SURVIVAL, 'job.yaml');
const found = (name: string) => ({ found: true as const, path: `/slides/${name}`, identity: name });

describe('the summary of a job before its run', () => {
  it('covers events, follow-up, arms, split, tiles and steps of a survival job', () => {
    const { cohort, summary } = examineTable(TABLE, spec.cohort, found);
    const lines = understoodLines({ spec, cohort: cohort!, summary: summary!, notes: ['a column is odd'] });
    expect(lines).toEqual([
      'Cohort     5 patients, 6 slides; one prediction a patient',
      'Outcome    died by months: 3 events in 5 patients; median follow-up 40 (reverse Kaplan-Meier), times 10 to 50, in the unit of the table',
      'Arms       radiotherapy 2 patients, surgery 2 patients; 1 patient in no arm',
      'Split      train 3, validation 0, test 2 patients, by the column split',
      'Tiles      224 px (112 um) at 0.5 um/px; the survey, which comes first, counts them',
      'Training   3 epochs of 1 step, 3 patients a step; 1 worker, 1 parameter server',
      'note: a column is odd',
      'note: events are few: a step without a comparable event has no gradient, so that steps have up to 3 bags, not training.slidesPerStep (2)',
      'note: 1 of 2 events of training (50 %) have nobody in their step who was followed for longer, and do not count: larger steps (training.slidesPerStep) have more comparisons',
    ]);
    const outcome = { ...spec.cohort.outcome, timeUnit: 'months' } as typeof spec.cohort.outcome;
    const named = { ...spec, cohort: { ...spec.cohort, outcome } };
    expect(understoodLines({ spec: named, cohort: cohort!, summary: summary!, notes: [] })[1]).toMatch(
      /times 10 to 50, in months$/,
    );
  });

  it('counts a patient with several slides once in the follow-up', () => {
    const { cohort } = examineTable(TABLE, { ...spec.cohort, bag: 'slide' }, found);
    // Censored at 20 and 40; of the five patients 1/2 or more are followed up to 40.
    expect(medianFollowUp(cohort!)).toBe(40);
    const all = TABLE.replaceAll(/,0,/gu, ',1,');
    expect(medianFollowUp(examineTable(all, spec.cohort, found).cohort!)).toBeUndefined();
  });
});

describe('the measured lines of a run', () => {
  const phase = 'Running' as const;

  it('omit the survey of a run that is stopping, which would count slides that are left out', () => {
    const lines = new MeasuredLines(() => 12);
    const progress = { slides: 12, surveyedSlides: 12, surveyedTiles: 358 };
    expect(lines.linesOf({ phase, progress, message: 'surveying 100%' })).toEqual([]);
    for (const stopping of ['Starting', 'Suspended'] as const) {
      expect(lines.linesOf({ phase: stopping, progress, message: 'writing a checkpoint' })).toEqual([]);
    }
  });

  it('give the tiles after the survey and the time after the first steps, once each', () => {
    const lines = new MeasuredLines(() => 2);
    expect(lines.linesOf({ phase, progress: { slides: 2, surveyedSlides: 1, surveyedTiles: 900 } })).toEqual(
      [],
    );
    const surveyed = { slides: 2, surveyedSlides: 2, surveyedTiles: 12_345 };
    expect(lines.linesOf({ phase, progress: surveyed })).toEqual([
      'Tiles      12,345 on 2 slides, 6,173 a slide on average',
    ]);
    const running = { phase, progress: { ...surveyed, eta: '2h 5m' }, throughput: { tilesPerSecond: 53.4 } };
    expect(lines.linesOf(running)).toEqual(['Time       about 2h 5m at 53 tiles/s, if nothing changes']);
    expect(lines.linesOf(running)).toEqual([]);
  });

  it('list the slides that are left out and why, once, and count the tiles of the others', () => {
    const lines = new MeasuredLines(() => 12);
    const progress = { slides: 12, surveyedSlides: 12, surveyedTiles: 358 };
    // The survey is over, but what becomes of its faults is not known yet.
    expect(lines.linesOf({ phase, progress, message: 'surveying 100%' })).toEqual([]);
    const message = '2 slides are quarantined: a.svs: It is torn. b.svs: It is torn.';
    expect(lines.linesOf({ phase, progress, message: `waiting for parameter servers; ${message}` })).toEqual([
      message,
      'Tiles      358 on 10 slides, 36 a slide on average; 2 slides left out',
    ]);
    expect(lines.linesOf({ phase, progress, message })).toEqual([]);
  });
});
