import { describe, expect, it } from '@jest/globals';
import { reference } from './installation.ts';

describe('an image reference', () => {
  it.each([
    ['docker.io/wsi-operator/trainer:0.1.0', 'docker.io/wsi-operator/trainer', '0.1.0'],
    ['localhost:5000/wsi/operator', 'localhost:5000/wsi/operator', 'latest'],
    ['localhost:5000/wsi/operator:x', 'localhost:5000/wsi/operator', 'x'],
  ])('such as %s is split for the chart', (image, repository, tag) => {
    expect(reference(image)).toEqual({ repository, tag });
  });
});
