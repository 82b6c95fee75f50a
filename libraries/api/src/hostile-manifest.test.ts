/** Manifests of a few lines that stand for gigabytes. */
import { expect, it } from '@jest/globals';
import { WsiError } from '@wsi-operator/foundation';
import { checkManifest } from './manifest.ts';

const laughs = Array.from({ length: 12 }, (_, at) => {
  const items =
    at === 0
      ? '"lol"'
      : Array(10)
          .fill(`*l${at - 1}`)
          .join();
  return `l${at}: &l${at} [${items}]`;
}).join('\n');

it.each([
  ['aliases of aliases', laughs],
  [
    'merged aliases',
    'a: &a { x: 1 }\n' + Array.from({ length: 40 }, (_, at) => `b${at}: { <<: *a }`).join('\n'),
  ],
  ['depth', '['.repeat(100_000)],
  ['depth in blocks', Array.from({ length: 2000 }, (_, at) => `${' '.repeat(at)}a:`).join('\n')],
  ['length', `a: ${'x'.repeat(2 ** 21)}`],
])('a manifest with hostile %s is refused', (_, text) => {
  expect(() => checkManifest(text, 'job.yaml')).toThrow(WsiError);
  expect(() => checkManifest(text, 'job.yaml')).toThrow(/job\.yaml/u);
});

it('checking a long name with many fields below it takes time linear in the text', () => {
  const text = `kind: WsiTrainingJob\n${'k'.repeat(400_000)}:\n${' a:\n'.repeat(1)}${Array.from({ length: 50_000 }, (_, at) => ` b${at}: 1`).join('\n')}`;
  const before = process.memoryUsage().heapUsed;
  expect(checkManifest(text, 'job.yaml').problems).toBeDefined();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(2 ** 29);
});
