import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jobFromText } from '@wsi/api';
import { Command } from 'commander';
import { registerValidate, validateFile } from './validate.ts';

const sample = fileURLToPath(new URL('../../../manifests/samples/cooccurrence.yaml', import.meta.url));

describe('wsi validate', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-validate-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test('says that a sample is valid', async () => {
    const outcome = await validateFile(sample, {});
    expect(outcome).toEqual({ status: 0, output: `${sample}: cooccurrence is valid\n`, errors: '' });
  });

  test('prints the job with defaults, which is the same job again', async () => {
    const { output } = await validateFile(sample, { printDefaults: true, set: ['training.epochs=3'] });
    const job = jobFromText(output, 'printed');
    expect(job.spec.training).toMatchObject({ epochs: 3, staleness: 0, threads: 1 });
    expect(job.spec.patches.stride).toBe(64);
  });

  test('prints every problem with field and line, and ends with 64', async () => {
    const outcome = await validateFile(sample, { set: ['training.epochs=0', 'patches.mpp=0.5'] });
    expect(outcome.status).toBe(64);
    expect(outcome.output).toBe('');
    expect(outcome.errors.split('\n')).toHaveLength(4);
    expect(outcome.errors).toMatch(/^.*cooccurrence\.yaml: 2 problems\n/);
    expect(outcome.errors).toMatch(
      /spec\.training\.epochs \(line \d+\): should be greater than or equal to 1/,
    );
    expect(outcome.errors).toMatch(/spec\.patches\.level \(line \d+\): level cannot be combined with mpp/);
  });

  test.each([
    ['a file that is not there', 'missing.yaml', undefined, [], /missing\.yaml: there is no such file/],
    ['a text that is not YAML', 'broken.yaml', 'spec: [1', [], /broken\.yaml:1:\d+: is not YAML/],
    ['an empty file', 'empty.yaml', '', [], /empty\.yaml: is empty/],
    ['an unknown field to set', 'job.yaml', 'kind: x', ['epochs=1'], /unknown field "epochs"/],
  ])('refuses %s', async (_, name, text, set, message) => {
    const path = join(directory, name);
    if (text !== undefined) await writeFile(path, text);
    const outcome = await validateFile(path, { set });
    expect(outcome.status).toBe(64);
    expect(outcome.errors).toMatch(message);
  });

  test('collects repeated --set and describes itself', () => {
    const program = new Command().exitOverride();
    registerValidate(program);
    const command = program.commands[0]!;
    command.action(() => undefined);
    program.parse(['validate', 'job.yaml', '--set', 'a=1', '--set', 'b=2'], { from: 'user' });
    expect(command.opts()).toEqual({ set: ['a=1', 'b=2'] });
    expect(command.helpInformation()).toContain('--print-defaults');
  });
});
