import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from '@jest/globals';
import { CommanderError } from 'commander';
import { WsiError } from '@wsi-operator/foundation';
import { exitCodeOf } from './exit-codes.ts';
import { errorText } from './print-error.ts';

const main = fileURLToPath(new URL('./main.ts', import.meta.url));

function wsi(...words: string[]): { code: number | null; out: string; error: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...words], { encoding: 'utf8' });
  return { code: status, out: stdout, error: stderr };
}

describe('wsi', () => {
  it('has a help text with a summary of every command, examples and exit codes', () => {
    const { code, out } = wsi('--help');
    expect(code).toBe(0);
    for (const command of [
      'run',
      'validate',
      'demo',
      'synth',
      'predict',
      'report',
      'inspect',
      'region',
      'patches',
    ]) {
      expect(out).toMatch(new RegExp(`\\n  ${command} .*  \\w`));
    }
    expect(out).toContain('Examples:');
    expect(out).toContain('Exit codes:');
    expect(out.split('\n').filter((line) => line.length > 100)).toEqual([]);
  });

  it('suggests the command that was meant', () => {
    const { code, error } = wsi('rnu');
    expect(code).toBe(64);
    expect(error).toContain('Did you mean run?');
  });

  it('reports every fault of a manifest at once, before it touches the output', () => {
    const directory = mkdtempSync(join(tmpdir(), 'wsi-cli-'));
    try {
      const job = join(directory, 'job.yaml');
      writeFileSync(
        job,
        'apiVersion: wsi.dev/v1alpha1\nkind: WsiTrainingJob\nmetadata: {name: a}\nspec: {}\n',
      );
      const { code, error } = wsi('run', job, '-o', join(directory, 'out'), '--set', 'training.epochs=0');
      expect(code).toBe(64);
      expect(error).toMatch(/^wsi: .*job\.yaml: the job has \d+ problems:/);
      expect(error).toContain('spec.training.epochs');
      expect(error).toContain('spec.cohort');
      expect(error).not.toContain('    at ');
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});

describe('an error', () => {
  const cause = new Error('EIO');
  const known = new WsiError('StorageFailed', 'cannot be written', {
    where: '/x',
    remedy: 'Free space.',
    cause,
  });

  it('is printed as one line, with the stack and the causes only when asked for', () => {
    expect(errorText(known, false)).toBe('wsi: /x: cannot be written. Free space.\n');
    expect(errorText(known, true)).toMatch(/ {4}at [^]*caused by Error: EIO/);
    expect(errorText(new TypeError('x is not a function'), false)).toMatch(/This is a fault of wsi/);
    expect(errorText(new CommanderError(1, 'c', 'said already'), false)).toBe('');
  });

  it.each([
    [known, 74],
    [new WsiError('InvalidManifest', 'x'), 64],
    [new WsiError('Unavailable', 'x'), 75],
    [new TypeError('x'), 70],
    [new CommanderError(1, 'commander.unknownOption', 'x'), 64],
    [new CommanderError(0, 'commander.help', 'x'), 0],
  ])('%s ends the program with %i', (error, code) => expect(exitCodeOf(error)).toBe(code));
});
