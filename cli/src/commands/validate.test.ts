import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { jobFromText } from '@wsi-operator/api';
import { synthesizeCohort } from '@wsi-operator/cohort';
import { FeatureWriter } from '@wsi-operator/features';
import { Command } from 'commander';
import { registerValidate, validateFile } from './validate.ts';

const sample = fileURLToPath(new URL('../../../manifests/samples/cooccurrence.yaml', import.meta.url));

describe('wsi validate', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-validate-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  test('finds the manifest of a sample valid, and skips its data when asked to', async () => {
    const outcome = await validateFile(sample, { manifestOnly: true });
    const output = `${sample}: cooccurrence: the manifest is valid\n`;
    expect(outcome).toEqual({ status: 0, output, errors: '' });
  });

  test('warns of devices that a worker asks for and does not use, in a manifest that is valid', async () => {
    const resources = '{ limits: { nvidia.com/gpu: 4 } }';
    const set = [`workers.template.spec.containers=[{ name: trainer, resources: ${resources} }]`];
    const outcome = await validateFile(sample, { manifestOnly: true, set });
    expect(outcome.status).toBe(0);
    expect(outcome.errors).toMatch(/^ {2}warning: spec.workers.* asks for 4 devices .* Ask for 1 /);
    const printed = await validateFile(sample, { printDefaults: true, set });
    expect([printed.output.includes('warning'), printed.errors]).toEqual([false, outcome.errors]);
  });

  test('checks the data: a missing table, a missing column, a file that is not a slide', async () => {
    const absent = await validateFile(sample, {});
    expect(absent).toMatchObject({ status: 64, output: '' });
    expect(absent.errors).toMatch(/the manifest is valid, its data is not:\n.*cohort\.csv: there is no such/);

    await mkdir(join(directory, 'slides'));
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const name of names) await writeFile(join(directory, 'slides', `${name}.svs`), 'no slide');
    const rows = names.map((name, index) => `p${index},${name}.svs,${index % 2 === 0 ? 'x' : 'y'}\n`);
    await writeFile(join(directory, 'table.csv'), `patient,slide,label\n${rows.join('')}`);
    const set = [
      `cohort.table=${join(directory, 'table.csv')}`,
      `cohort.slides=${join(directory, 'slides')}`,
    ];
    const column = await validateFile(sample, { set: [...set, 'cohort.outcome.column=grade'] });
    expect(column).toMatchObject({ status: 64 });
    expect(column.errors).toContain("no column 'grade'");
    const slides = await validateFile(sample, { set });
    expect(slides.status).toBe(64);
    expect(slides.output).toContain('Cohort     8 patients, 8 slides');
    // Once for all, also when the table has a fault, and a fault of another kind beside them.
    await writeFile(join(directory, 'slides', 'c.svs'), '');
    await writeFile(
      join(directory, 'slides', 'h.svs'),
      Buffer.concat([Buffer.from('II*\0\u0008\0\0\0', 'latin1'), Buffer.alloc(64)]),
    );
    const both = await validateFile(sample, { set });
    for (const { errors } of [slides, both]) expect(errors.match(/^ *\d slides: /gm)).toHaveLength(1);
    expect(slides.errors).toMatch(/8 slides: [^]*\n.*a\.svs[^]*and 3 more/);
    expect(both.errors).toMatch(/c\.svs' is an empty file[^]*6 slides: [^]*and 1 more[^]*\/h\.svs.*: /);
    await writeFile(join(directory, 'slides', 'c.svs'), 'no slide');
    const left = await validateFile(sample, { set: [...set, 'cohort.unreadableSlides=skip'] });
    expect(left.status).toBe(64);
    expect(left.output).toContain('left out (unreadableSlides: skip)');
    expect(left.errors).toMatch(
      /none of the \d+ slides of training can be read: nothing is left to train on/,
    );
  });

  test('checks files of features as a run does', async () => {
    const folder = join(directory, 'features');
    const writer = new FeatureWriter();
    const write = (name: string, size: number): Promise<void> =>
      writer.write(
        join(folder, name),
        {
          ...{ layout: 'trident', size, slide: name, width: 512, height: 512 },
          key: {
            ...{ encoder: 'e', encoderDigest: 'd', patches: 'p' },
            slideFingerprint: name,
            toolVersion: '1',
          },
          tile: { side: 256, level0Side: 256, overlap: 0, resolution: { mpp: 0.5, level0Mpp: 0.5 } },
        },
        [
          {
            features: Float32Array.from({ length: size }, (_, at) => at + name.charCodeAt(0)),
            coordinates: new Float64Array(2),
          },
        ],
      );
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    for (const name of names) await write(`${name}.h5`, 4);
    await writer.close();
    const rows = names.map((name, index) => `p${index},${name}.svs,${index % 2 === 0 ? 'x' : 'y'}\n`);
    const table = join(directory, 'features.csv');
    await writeFile(table, `patient,slide,label\n${rows.join('')}`);
    const job = join(directory, 'features.yaml');
    await writeFile(
      job,
      `apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: {name: features}
spec:
  cohort: {table: features.csv, features: features, outcome: {type: classification, column: label}}
  model: {head: {name: classification}}
`,
    );
    const good = await validateFile(job, {});
    expect([good.status, good.errors]).toEqual([0, '']);
    expect(good.output).toMatch(/Tiles +rows of features/);
    await write('d.h5', 5);
    await writer.close();
    await rm(join(folder, 'h.h5'));
    const bad = await validateFile(job, {});
    expect(bad.status).toBe(64);
    expect(bad.errors).toMatch(/rows have 5 numbers, where those of the cohort or of the model have 4/);
    expect(bad.errors).toContain("the slide 'h.svs' has no file of features ('h.h5' or 'h.svs.h5')");
  });

  test('checks resolution, size and annotations of the slides as a run does', async () => {
    const cohort = join(directory, 'cohort');
    await synthesizeCohort({ output: cohort, slides: 8, width: 256, height: 256, task: 'needle' });
    const job = join(cohort, 'job.yaml');
    const good = await validateFile(job, {});
    expect([good.status, good.errors]).toEqual([0, '']);
    expect(good.output).toContain('nothing is wrong with its data as far as it was read');
    expect(good.output).toMatch(/not checked: whether each slide has tissue/);
    for (const [set, problem] of [
      [['patches.level=9'], /There is no level 9/],
      [['patches.size=512'], /is smaller than a patch of 512/],
      [['patches.level=null', 'patches.mpp=1', 'cohort.resolution.mpp=2'], /0\.5.*2|2.*0\.5/],
      [[`patches.tissue.annotations.directory=${directory}`], /The slide has no annotations/],
    ] as const) {
      const { status, errors } = await validateFile(job, { set });
      expect([set, status]).toEqual([set, 64]);
      expect(errors).toMatch(problem);
      // A policy for damage is none for a job that does not fit its slides.
      const skipping = await validateFile(job, { set: [...set, 'cohort.unreadableSlides=skip'] });
      expect(skipping.status).toBe(64);
    }
  });

  test('checks the templates against an isolation profile when one is named', async () => {
    const path = join(directory, 'privileged.yaml');
    const job = jobFromText(await readFile(sample, 'utf8'), 'job.yaml');
    const containers = [{ name: 'trainer', securityContext: { privileged: true } }];
    const workers = { template: { spec: { containers } } };
    await writeFile(path, JSON.stringify({ ...job, spec: { ...job.spec, workers } }));
    const refused = await validateFile(path, { manifestOnly: true, profile: 'restricted' });
    expect(refused).toEqual({
      status: 64,
      output: '',
      errors:
        `${path}: not allowed in the profile restricted: one problem\n` +
        '  spec.workers.template.spec.containers[trainer].securityContext.privileged: must not be true. ' +
        'Leave it out: devices come from resources.limits.\n',
    });
    for (const flags of [{ profile: 'privileged' } as const, {}]) {
      expect(await validateFile(path, { manifestOnly: true, ...flags })).toMatchObject({ status: 0 });
    }
  });

  test('names the data that this machine cannot reach, and does not call it valid', async () => {
    const claim = await validateFile(fileURLToPath(new URL('minimal.yaml', `file://${sample}`)), {});
    expect(claim.status).toBe(0);
    expect(claim.output).toContain('its data was not read');
    expect(claim.output).toContain(
      'not checked: spec.cohort.table: cohort.csv is on a volume that only the pods see',
    );
  });

  test('prints the job with defaults, which is an equal job', async () => {
    const { output } = await validateFile(sample, { printDefaults: true, set: ['training.epochs=3'] });
    const job = jobFromText(output, 'printed');
    expect(job.spec.training).toMatchObject({ epochs: 3, staleness: 0, threads: 1 });
    expect(job.spec.patches.stride).toBe(64);
  });

  test('prints every problem with field and line, and ends with 64', async () => {
    const outcome = await validateFile(sample, { set: ['training.epochs=0', 'patches.mpp=0.5'] });
    expect(outcome.status).toBe(64);
    expect(outcome.output).toBe('');
    expect(outcome.errors.split('\n')).toHaveLength(5);
    expect(outcome.errors).toMatch(/not checked: the table and the slides/);
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

  test('collects repeated --set, and has a help text', () => {
    const program = new Command().exitOverride();
    registerValidate(program);
    const command = program.commands[0]!;
    command.action(() => undefined);
    program.parse(['validate', 'job.yaml', '--set', 'a=1', '--set', 'b=2'], { from: 'user' });
    expect(command.opts()).toEqual({ set: ['a=1', 'b=2'] });
    expect(command.helpInformation()).toContain('--print-defaults');
  });
});
