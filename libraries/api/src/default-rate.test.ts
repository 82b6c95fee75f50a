import { describe, expect, test } from '@jest/globals';
import { classificationJob, withFields } from './testing/index.ts';
import { validate } from './validate.ts';

describe('a job', () => {
  test.each([
    ['tiny', 'adamw', 0.001],
    ['lenet', 'adamw', 0.001],
    ['resnet18', 'adamw', 0.0001],
    ['vit_small_patch16', 'adamw', 0.0001],
    ['resnet18', 'sgd', 0.001],
  ])('on %s with %s learns with %d unless it gives a rate', (encoder, optimizer, rate) => {
    const fields = {
      'spec.model.encoder': { name: encoder },
      'spec.training.optimizer': { name: optimizer },
    };
    const of = (given: object): number | undefined =>
      validate(withFields(classificationJob, { ...fields, ...given })).job?.spec.training.optimizer
        .learningRate;
    expect(of({})).toBe(rate);
    expect(of({ 'spec.training.optimizer.learningRate': 0.02 })).toBe(0.02);
  });

  test('that names no encoder learns with the rate of the default one', () => {
    const { job } = validate(withFields(classificationJob, { 'spec.model.encoder': {} }));
    expect(job?.spec.model.encoder.name).toBe('resnet18');
    expect(job?.spec.training.optimizer).toMatchObject({ name: 'adamw', learningRate: 0.0001 });
  });
});
