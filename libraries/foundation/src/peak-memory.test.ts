import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from '@jest/globals';
import { peakResidentBytes } from './peak-memory.ts';

const module_ = JSON.stringify(join(import.meta.dirname, 'peak-memory.ts'));

/** What a child prints that touches this many bytes before it measures. */
async function peakOfChild(bytes: number): Promise<number> {
  const code = `const { peakResidentBytes } = await import(${module_});
    let held = Buffer.alloc(${bytes}, 1); held = undefined;
    console.log(peakResidentBytes());`;
  const { stdout } = await promisify(execFile)(process.execPath, [
    '--no-warnings',
    '--input-type=module',
    '-e',
    code,
  ]);
  return Number(stdout);
}

it('is the peak of the process itself, not of a large one that started it', async () => {
  const ballast = Buffer.alloc(300e6, 1);
  const [small, large] = [await peakOfChild(1), await peakOfChild(200e6)];
  expect(peakResidentBytes()).toBeGreaterThan(ballast.length);
  expect(small).toBeLessThan(200e6);
  expect(large - small).toBeGreaterThan(150e6);
});
