import { describe, expect, it } from '@jest/globals';
import { buildJob, pod, type PodChoices } from '../testing/builders.ts';
import { endOf, lastWords } from './exit-class.ts';

const end = (choices: PodChoices) => endOf(pod(buildJob(), { role: 'worker', index: 0 }, choices));

describe('endOf', () => {
  it.each([
    [{ exitCode: 0, phase: 'Succeeded' as const }, 'completed'],
    [{ exitCode: 64 }, 'input'],
    [{ exitCode: 74 }, 'storage'],
    [{ exitCode: 143 }, 'stopped'],
    [{ exitCode: 137 }, 'killed'],
    [{ exitCode: 137, reason: 'OOMKilled' }, 'outOfMemory'],
    [{ exitCode: 134 }, 'crashed'],
    [{ exitCode: 1 }, 'crashed'],
  ])('%j is %s', (choices, expected) => expect(end(choices).exitClass).toBe(expected));

  it('knows an eviction, whatever the exit code', () => {
    const evicted = pod(buildJob(), { role: 'worker', index: 0 }, { exitCode: 137 });
    expect(endOf({ ...evicted, status: { ...evicted.status, reason: 'Evicted' } }).exitClass).toBe(
      'disrupted',
    );
    const conditions = [{ type: 'DisruptionTarget', status: 'True' }];
    expect(endOf({ ...evicted, status: { ...evicted.status, conditions } }).exitClass).toBe('disrupted');
    // Lost with its node: no container ever told how it ended.
    expect(endOf({ ...evicted, status: { phase: 'Failed', message: 'node lost' } }).message).toBe(
      'crashed: node lost',
    );
  });
});

describe('lastWords', () => {
  it.each([
    ['a.svs: not a slide\n', 'a.svs: not a slide'],
    ['InvalidCohort: two problems:\n  line 2: a\n  line 3: b\n', 'two problems:\n  line 2: a\n  line 3: b'],
    ['x\nTypeError: no codec\n    at f (a.js:1:1)\n\nNode.js v24.21.0\n', 'TypeError: no codec'],
    ['{"level":"info","message":"worker ready"}\n', ''],
    [
      '0Z"}\n{"level":"fatal","error":{"message":"slide gone"},"message":"role failed"}\n{"level":"info"}',
      'slide gone',
    ],
    ['', ''],
  ])('%j', (text, expected) => expect(lastWords(text)).toBe(expected));
});
