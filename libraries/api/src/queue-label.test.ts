import { expect, it } from '@jest/globals';
import { jobFromText } from './manifest.ts';
import { queueLabelOf } from './queue-label.ts';

const manifest = (label: string, runPolicy: string): string => `
apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: { name: a, labels: { kueue.x-k8s.io/queue-name: '${label}' } }
spec:
  cohort: { table: c.csv, slides: s, outcome: { type: classification, column: label } }
  patches: { size: 64, level: 0 }
  model: { encoder: { name: tiny }, head: { name: classification } }
  runPolicy: ${runPolicy}
`;

it.each([
  ['pathology', '{}', 'pathology'],
  ['pathology', '{ gang: kueue }', 'pathology'],
  ['pathology', '{ gang: kueue, queue: pathology }', 'pathology'],
  ['', '{ gang: volcano, queue: other }', undefined],
])('the label %j beside %s names the queue', (label, runPolicy, queue) => {
  expect(queueLabelOf(jobFromText(manifest(label, runPolicy), 'job'))).toBe(queue);
});

it.each([
  ['{ gang: kueue, queue: other }', /is pathology, but spec\.runPolicy\.queue is other/],
  ['{ queue: other }', /spec\.runPolicy\.queue is other/],
  ['{ gang: volcano }', /names a queue of Kueue, but spec\.runPolicy\.gang is volcano/],
  ['{ gang: none }', /gang is none/],
])('the queue label beside %s is refused', (runPolicy, message) => {
  expect(() => jobFromText(manifest('pathology', runPolicy), 'job')).toThrow(message);
});
