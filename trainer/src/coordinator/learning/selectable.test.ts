import { describe, expect, it } from '@jest/globals';
import type { PlannedBag } from '../../plan/bags.ts';
import { requireSelectable } from './selectable.ts';
import type { SelectionRule } from '../../selection/selection.ts';

type Outcome = PlannedBag['case']['outcome'];

/** One bag a patient; only what is looked at here. */
function bagsOf(validation: readonly Outcome[]): PlannedBag[] {
  const bag = (split: string, outcome: Outcome, index: number): PlannedBag => {
    const name = `${split}-${index}`;
    return { case: { patient: name, bag: name, slides: [], split, outcome } } as unknown as PlannedBag;
  };
  const [first] = validation;
  const training = first === undefined ? [] : [bag('train', first, 0)];
  return [...training, ...validation.map((outcome, index) => bag('validation', outcome, index))];
}

const classified = (index: number): Outcome =>
  ({ type: 'classification', class: 'ab'[index], classIndex: index }) as unknown as Outcome;
const survived = (time: number, event: boolean): Outcome =>
  ({ type: 'survival', time, event: event ? 1 : 0 }) as unknown as Outcome;

function check(metric: SelectionRule['metric'], validation: readonly Outcome[]): () => void {
  const classes = metric === 'cIndex' ? [] : ['a', 'b'];
  return () => requireSelectable(bagsOf(validation), { metric }, { classes });
}

describe('a validation set by which an epoch is to be chosen', () => {
  it.each([
    ['auc', [classified(0), classified(1)]],
    ['accuracy', [classified(0)]],
    ['logLoss', [classified(1), classified(1)]],
    ['cIndex', [survived(3, true), survived(5, false)]],
  ] as const)('is accepted where %s is defined on it', (metric, validation) => {
    expect(check(metric, validation)).not.toThrow();
  });

  it.each([
    ['auc', [classified(0), classified(0)], /auc is not defined for the 2 bags.*patients of two classes/],
    ['cIndex', [survived(3, false), survived(5, false)], /cIndex is not defined.*lived longer/],
    ['cIndex', [survived(3, false), survived(5, true)], /cIndex is not defined/],
    ['accuracy', [], /the validation set is empty.*cohort.split.validation/],
  ] as const)('is refused before anything is computed where %s is not', (metric, validation, says) => {
    expect(check(metric, validation)).toThrow(says);
  });
});
