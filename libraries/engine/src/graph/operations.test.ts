/** The gradient rule of each differentiable operation against finite differences in float64. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Slopes } from '../testing/operation-slopes.ts';
import { OPERATIONS } from '../testing/operations.ts';

describe('the gradient rule', () => {
  let slopes: readonly Slopes[];

  beforeAll(async () => {
    const program = new URL('../testing/operation-slopes.ts', import.meta.url).pathname;
    const { stdout } = await promisify(execFile)(process.execPath, ['--no-warnings', program]);
    slopes = JSON.parse(stdout) as Slopes[];
  });

  it.each(Object.keys(OPERATIONS))('of %s agrees with finite differences for every input', (name) => {
    const own = slopes.filter(({ operation }) => operation === name);
    expect(own.length).toBe(OPERATIONS[name]!.shapes.length);
    for (const { rule, difference } of own) {
      expect(Math.abs(rule)).toBeGreaterThan(1e-3);
      expect(Math.abs(rule - difference)).toBeLessThan(1e-6 * Math.max(1, Math.abs(difference)));
    }
  });
});
