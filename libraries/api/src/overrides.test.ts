import { describe, expect, test } from '@jest/globals';
import { applyOverrides } from './overrides.ts';
import { classificationJob, withField, withFields } from './testing/index.ts';

describe('applyOverrides', () => {
  test.each([
    ['training.epochs=3', { 'spec.training.epochs': 3 }],
    ['spec.training.epochs=3', { 'spec.training.epochs': 3 }],
    [' training.epochs = 3', { 'spec.training.epochs': 3 }],
    ['cohort.table=a=b.csv', { 'spec.cohort.table': 'a=b.csv' }],
    ["cohort.table='3'", { 'spec.cohort.table': '3' }],
    ['cohort.table=', { 'spec.cohort.table': '' }],
    ['suspend=yes', { 'spec.suspend': true }],
    ['suspend=true', { 'spec.suspend': true }],
    ['patches.mpp=0.5', { 'spec.patches.mpp': 0.5 }],
    [
      'training.optimizer={name: sgd, momentum: 0}',
      { 'spec.training.optimizer': { name: 'sgd', momentum: 0 } },
    ],
    ['training.optimizer.epsilon=1e-6', { 'spec.training.optimizer.epsilon': 1e-6 }],
    ['cohort.outcome.column=null', { 'spec.cohort.outcome.column': undefined }],
    ['metadata.name=other', { 'metadata.name': 'other' }],
    ['workers.template.metadata.labels.a=b', { 'spec.workers.template.metadata.labels.a': 'b' }],
    ['workers.template.spec.affinity.x.y=1', { 'spec.workers.template.spec.affinity.x.y': 1 }],
    [
      'workers.template.spec.containers[0].name=trainer',
      { 'spec.workers.template.spec.containers': [{ name: 'trainer' }] },
    ],
  ])('applies %s', (assignment, changes) => {
    expect(applyOverrides(classificationJob, [assignment])).toEqual(withFields(classificationJob, changes));
  });

  test('applies assignments in order without modifying the manifest', () => {
    const before = JSON.stringify(classificationJob);
    const changed = applyOverrides(classificationJob, ['training={epochs: 2, seed: 1}', 'training.epochs=5']);
    expect(changed).toEqual(withField(classificationJob, 'spec.training', { epochs: 5, seed: 1 }));
    expect(JSON.stringify(classificationJob)).toBe(before);
  });

  test('changes one item of a list', () => {
    const path = 'spec.workers.template.spec.containers';
    const manifest = withField(classificationJob, path, [{ name: 'trainer' }, { name: 'side' }]);
    expect(applyOverrides(manifest, ['workers.template.spec.containers.1.image=x'])).toEqual(
      withField(classificationJob, path, [{ name: 'trainer' }, { name: 'side', image: 'x' }]),
    );
    expect(() => applyOverrides(manifest, ['workers.template.spec.containers[9].image=x'])).toThrow(
      'only 2 items',
    );
  });

  test.each([
    ['epochs=3', /unknown field "epochs".*Fields here: cohort/],
    ['training.epoch=3', /unknown field "training\.epoch".*Did you mean training\.epochs\?/],
    ['training.epochs.x=3', /unknown field "training\.epochs\.x".*training\.epochs has no fields/],
    ['__proto__.x=1', /unknown field "__proto__"/],
    ['constructor=1', /unknown field "constructor"/],
    ['status.phase=Failed', /unknown field "status"/],
    ['training.epochs', /is not an assignment/],
    ['=3', /is not an assignment/],
    ['training.epochs=[1', /is not YAML/],
  ])('refuses %s', (assignment, message) => {
    expect(() => applyOverrides(classificationJob, [assignment])).toThrow(message);
  });

  test('keeps a text where an object belongs, so that validation reports it', () => {
    expect(() =>
      applyOverrides(withField(classificationJob, 'spec.training', 'x'), ['training.epochs=1']),
    ).toThrow('is not an object');
  });
});
