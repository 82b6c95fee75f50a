import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { resolveParameters, type SynthesisTask } from './options.ts';
import { planSlide } from './slide-plan.ts';
import { assignTask, type Assignment } from './tasks.ts';

function assign(task: SynthesisTask, slides: number, seed: number, motifs?: number): readonly Assignment[] {
  return assignTask(resolveParameters({ output: '', slides, width: 1024, height: 1024, task, seed, motifs }))
    .patients;
}

function labelOf({ outcome }: Assignment): string {
  return outcome.type === 'classification' ? outcome.label : '';
}

const seeds = fc.integer({ min: 0, max: 2 ** 32 - 1 });

describe('the cooccurrence task', () => {
  it('has the same number of motifs on every slide, and each motif as often in positives as in negatives', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.integer({ min: 1, max: 16 }),
        fc.integer({ min: 1, max: 20 }),
        (seed, quarter, half) => {
          const patients = assign('cooccurrence', quarter * 4, seed, half * 2);
          const positives = patients.filter((patient) => labelOf(patient) === 'positive');
          const negatives = patients.filter((patient) => labelOf(patient) === 'negative');
          expect(positives.length).toBe(negatives.length);
          for (const { motifs } of patients) expect(motifs.A + motifs.B).toBe(half * 2);
          for (const { motifs } of positives) expect(motifs.A).toBe(motifs.B);
          for (const { motifs } of negatives) expect(motifs.A * motifs.B).toBe(0);
          for (const kind of ['A', 'B'] as const) {
            const count = (group: readonly Assignment[]): number =>
              group.reduce((sum, { motifs }) => sum + motifs[kind], 0);
            expect(count(positives)).toBe(count(negatives));
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('gives any mean over tiles an AUC of one half, in training and in test', () => {
    fc.assert(
      fc.property(
        seeds,
        fc.float({ noNaN: true, min: -9, max: 9 }),
        fc.float({ noNaN: true, min: -9, max: 9 }),
        (seed, a, b) => {
          fc.pre(Math.abs(a - b) > 1e-3);
          for (const split of ['train', 'test']) {
            const members = assign('cooccurrence', 64, seed, 8).filter((patient) => patient.split === split);
            const scored = members.map((patient) => ({
              positive: labelOf(patient) === 'positive',
              score: patient.motifs.A * a + patient.motifs.B * b,
            }));
            let wins = 0;
            let pairs = 0;
            for (const { score } of scored.filter(({ positive }) => positive)) {
              for (const { score: other } of scored.filter(({ positive }) => !positive)) {
                pairs++;
                wins += score > other ? 1 : score === other ? 0.5 : 0;
              }
            }
            expect(wins / pairs).toBe(0.5);
          }
        },
      ),
      { numRuns: 30 },
    );
  });

  it('refuses a number of slides that cannot be balanced', () => {
    const notes = (slides: number): number =>
      assignTask(resolveParameters({ output: '', slides, width: 512, height: 512, task: 'cooccurrence' }))
        .notes.length;
    expect([4, 5, 6, 8].map(notes)).toEqual([0, 1, 1, 0]);
  });
});

describe('the needle and survival tasks', () => {
  it('put the motif on positive slides only', () => {
    for (const patient of assign('needle', 10, 3)) {
      expect(patient.motifs).toEqual({ A: labelOf(patient) === 'positive' ? 1 : 0, B: 0 });
    }
  });

  it('treat half of the patients and derive burdens from the motifs', () => {
    const patients = assign('survival', 40, 3, 8);
    let treated = 0;
    for (const { outcome, motifs } of patients) {
      if (outcome.type !== 'survival') throw new Error('not survival');
      treated += outcome.treatment;
      expect([outcome.burdenA, outcome.burdenB]).toEqual([motifs.A / 8, motifs.B / 8]);
    }
    expect(treated).toBe(20);
  });
});

describe('planSlide', () => {
  it('places every motif in a patch of its own, inside its square, whatever the jitter', () => {
    fc.assert(
      fc.property(seeds, fc.boolean(), (seed, jitter) => {
        const parameters = resolveParameters({
          ...{ output: '', slides: 4, width: 900, height: 700, task: 'cooccurrence' },
          ...{ patch: 80, motifSize: 48, jitter, seed },
        });
        for (const [index, assignment] of assignTask(parameters).patients.entries()) {
          const { motifs, tissuePatches } = planSlide(parameters, 1024, assignment, index);
          expect(motifs.filter(({ kind }) => kind === 'A').length).toBe(assignment.motifs.A);
          expect(motifs.length).toBe(assignment.motifs.A + assignment.motifs.B);
          expect(tissuePatches).toBeGreaterThanOrEqual(motifs.length);
          const patches = motifs.map(({ x, y }) => `${Math.floor(x / 80)},${Math.floor(y / 80)}`);
          expect(new Set(patches).size).toBe(motifs.length);
          for (const { x, y } of motifs) {
            expect(Math.max(x % 80, y % 80)).toBeLessThanOrEqual(jitter ? 32 : 0);
            expect(x + 48 <= 900 && y + 48 <= 700).toBe(true);
          }
        }
      }),
      { numRuns: 20 },
    );
  });

  it('shapes the tissue by the place in the cohort alone, not by the outcome', () => {
    const parameters = resolveParameters({
      output: '',
      slides: 4,
      width: 400,
      height: 400,
      task: 'cooccurrence',
    });
    const shapes = [
      { A: 2, B: 2 },
      { A: 4, B: 0 },
      { A: 0, B: 0 },
    ].map((motifs) => planSlide(parameters, 1024, { motifs, slide: '' }, 1).shape);
    expect(shapes[1]).toEqual(shapes[0]);
    expect(shapes[2]).toEqual(shapes[0]);
  });

  it('refuses slides without room for the motifs', () => {
    const parameters = resolveParameters({
      output: '',
      slides: 4,
      width: 128,
      height: 128,
      task: 'cooccurrence',
      motifs: 40,
    });
    expect(() => planSlide(parameters, 1024, { motifs: { A: 20, B: 20 }, slide: 's.tiff' }, 0)).toThrow(
      /s\.tiff: its tissue covers \d+ whole patches, too few for 40 motifs/,
    );
  });
});

describe('resolveParameters', () => {
  it('reports everything that is wrong at once', () => {
    const wrong = {
      output: '',
      slides: 0,
      width: 1.5,
      height: 512,
      task: 'cooccurrence' as const,
      motifs: 3,
      mpp: 0,
    };
    expect(() => resolveParameters({ ...wrong, motifSize: 128, coverage: 2 })).toThrow(
      /slides.*width.*coverage.*128 pixels does not fit.*even.*mpp/s,
    );
  });
});
