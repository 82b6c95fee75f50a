import { describe, expect, it } from '@jest/globals';
import { jobFromText } from '@wsi-operator/api';
import { revision } from './revision.ts';

function revisionWith(split: string): string {
  const manifest = `apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: { name: run }
spec:
  cohort: { table: /cohort.csv, slides: /slides, outcome: { type: classification, column: label }, split: ${split} }
  patches: { size: 64, level: 0 }
  model: { encoder: { name: tiny }, head: { name: classification } }
`;
  return revision(jobFromText(manifest, '/run.yaml', {}));
}

describe('the revision of a pod', () => {
  // Of the version before, in which neither folds nor a column could be combined with a validation set.
  it.each([
    ['{ folds: 5, fold: 1 }', 'fc6ba689b64e703b'],
    ['{ column: side }', '70f72682eb488a9b'],
    ['{ test: 0.25 }', '455e839e0811599c'],
  ])('is the one that its job had before an upgrade added defaults, with the split %s', (split, before) => {
    expect(revisionWith(split)).toBe(before);
  });

  it('is another one with a validation set', () => {
    expect(revisionWith('{ folds: 5, fold: 1, validation: 0.2 }')).not.toBe(
      revisionWith('{ folds: 5, fold: 1 }'),
    );
  });
});
