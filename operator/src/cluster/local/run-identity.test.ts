import { describe, expect, it } from '@jest/globals';
import { jobFromText, type WsiTrainingJob } from '@wsi-operator/api';
import { differences, identityOf } from './run-identity.ts';

function job(overrides: readonly string[] = []): WsiTrainingJob {
  const manifest = `apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: { name: run }
spec:
  cohort: { table: cohort.csv, slides: slides, outcome: { type: classification, column: label } }
  patches: { size: 64, level: 0 }
  model: { encoder: { name: tiny }, head: { name: classification } }
  training: { epochs: 2 }
`;
  return jobFromText(manifest, 'run.yaml', { overrides: [...overrides] });
}

const between = (before: readonly string[], now: readonly string[]): string[] =>
  differences(identityOf(job(before)), identityOf(job(now)));

describe('the run that a directory belongs to', () => {
  it('is the same one with more epochs', () => {
    expect(between([], ['training.epochs=3'])).toEqual([]);
  });

  it('is another one with fewer epochs', () => {
    expect(between([], ['training.epochs=1'])).toEqual(['spec.training.epochs: 2 there, 1 now']);
  });

  it('is another one with more epochs of a cosine, whose steps depend on their number', () => {
    const cosine = 'training.schedule={name: cosine}';
    expect(between([cosine], [cosine, 'training.epochs=3'])).toEqual([
      'spec.training.epochs: 2 there, 3 now',
    ]);
  });

  it('is another one when something else changes with the epochs', () => {
    expect(between([], ['training.epochs=3', 'training.seed=1'])).toEqual([
      'spec.training.seed: 0 there, 1 now',
    ]);
  });

  it('is the same one when its folds were written before they could have a validation set', () => {
    const folds = ['cohort.split={folds: 5, fold: 1}'];
    const now = identityOf(job(folds));
    const { validation: _later, ...split } = job(folds).spec.cohort.split as Record<string, unknown>;
    const cohort = { ...(now.numerics['cohort'] as Record<string, unknown>), split };
    expect(differences({ ...now, numerics: { ...now.numerics, cohort } }, now)).toEqual([]);
    expect(between(folds, ['cohort.split={folds: 5, fold: 1, validation: 0.2}'])).toEqual([
      'spec.cohort.split.validation: 0 there, 0.2 now',
    ]);
  });
});
