import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { dump } from 'js-yaml';
import { checkManifest, formatManifest, jobFromText, parseManifest } from './manifest.ts';
import { classificationJob } from './testing/index.ts';
import { applyDefaults } from './validate.ts';

const samples = fileURLToPath(new URL('../../../manifests/samples/', import.meta.url));

const YAML_CHARACTERS = Array.from('ab:-[]{}&*!|>\'"%#,? \n\t1.');

const example = `# comment
apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: {name: example}
spec:
  cohort:
    table: cohort.csv
    slides: slides
    outcome:
      type: classification
      column: label
  model:
    head: {name: classification}
  workers:
    template:
      spec:
        containers:
          - name: trainer
          - name: trainer
`;

test.each(readdirSync(samples).filter((name) => name.endsWith('.yaml')))('the sample %s is valid', (name) => {
  const job = jobFromText(readFileSync(`${samples}${name}`, 'utf8'), name);
  expect(jobFromText(formatManifest(job), name)).toEqual(job);
});

describe('parseManifest', () => {
  test('finds the one job among other documents', () => {
    const text = `---\n# nothing\n---\napiVersion: v1\nkind: ConfigMap\n---\n${example}`;
    const parsed = parseManifest(text, 'all.yaml');
    expect(parsed.manifest).toMatchObject({ kind: 'WsiTrainingJob' });
    expect(parsed.lineOf('spec.cohort.table')).toBe(13);
  });

  test('reads booleans and merge keys as kubectl does', () => {
    const text = `${example.split('  workers:')[0] ?? ''}  suspend: on
  checkpoint: &common {keep: 5}
  runPolicy: {<<: *common, backoffLimit: 1}
`;
    const parsed = parseManifest(text, 'job.yaml').manifest;
    expect(parsed).toMatchObject({ spec: { suspend: true, runPolicy: { keep: 5, backoffLimit: 1 } } });
  });

  test('accepts JSON and a byte order mark', () => {
    const text = `\ufeff${JSON.stringify(classificationJob)}`;
    expect(parseManifest(text, 'job.json').manifest).toEqual(classificationJob);
  });

  test.each([
    ['nothing', '', 'job.yaml: is empty'],
    ['comments alone', '# a\n---\n# b\n', 'job.yaml: is empty'],
    ['two jobs', `${example}---\n${example}`, 'job.yaml: holds 2 jobs (lines 2, '],
    ['other kinds', 'kind: Pod\n---\nkind: Job\n', 'job.yaml: holds no WsiTrainingJob, only "Pod", "Job"'],
    ['an open bracket', 'a: 1\nb: [1\n', 'job.yaml:3:1: is not YAML'],
    ['a field twice', 'a: 1\nb: 2\na: 3\n', 'job.yaml:3:1: is not YAML: duplicated mapping key'],
    ['a tab as indentation', 'a:\n\tb: 1\n', 'job.yaml:2:'],
    ['an unknown tag', 'a: !!js/function x\n', 'job.yaml:1:'],
    ['a bottomless list', '['.repeat(200), 'job.yaml:1:'],
    ['too long a text', `a: ${'x'.repeat(1024 * 1024)}`, 'is longer than'],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseManifest(text, 'job.yaml')).toThrow(message);
  });

  test('refuses aliases that expand exponentially', () => {
    const lines = Array.from(
      { length: 30 },
      (_, i) => `l${i}: &l${i} [${`*l${i - 1},`.repeat(i === 0 ? 0 : 9)} 1]`,
    );
    expect(() => parseManifest(lines.join('\n'), 'job.yaml')).toThrow('is not YAML');
  });

  test('never throws anything but InvalidManifest', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...YAML_CHARACTERS) }), (text) => {
        try {
          checkManifest(text, 'job.yaml');
        } catch (thrown) {
          expect(thrown).toMatchObject({ code: 'InvalidManifest' });
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('the line', () => {
  test.each([
    ['spec', 5],
    ['spec.cohort.outcome.column', 11],
    ['spec.model.head.name', 13],
    ['spec.workers.template.spec.containers', 17],
    ['spec.workers.template.spec.containers[1]', 19],
    ['spec.workers.template.spec.containers[1].name', 19],
    // A missing field is reported at the field around it.
    ['spec.cohort.split.fold', 6],
    ['spec.workers.template.spec.containers[1].image', 19],
    ['status', 2],
  ])('of the field %s is %i', (path, line) => {
    expect(parseManifest(example, 'job.yaml').lineOf(path)).toBe(line);
  });

  test('is given for every problem', () => {
    const { problems } = checkManifest(example, 'job.yaml');
    expect(problems).toMatchObject([{ path: 'spec.workers.template.spec.containers[1]', line: 19 }]);
  });

  test('is right for any nesting in block style', () => {
    const tree = fc.letrec<{ value: unknown }>((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        fc.integer(),
        fc.array(tie('value'), { maxLength: 3, minLength: 1 }),
        fc.dictionary(fc.stringMatching(/^[a-z]{1,4}$/), tie('value'), { maxKeys: 4, minKeys: 1 }),
      ),
    })).value;
    fc.assert(
      fc.property(tree, fc.integer(), (value, marker) => {
        const before = dump({ a: value }, { noRefs: true });
        const text = `${before}z: ${marker}\n`;
        expect(parseManifest(text, 'x').lineOf('z')).toBe(before.split('\n').length);
      }),
      { numRuns: 100 },
    );
  });
});

test('the error of jobFromText lists every problem with its line', () => {
  const text = example.replace('table: cohort.csv', 'tabel: cohort.csv').replace('- name: trainer\n', '');
  const lines = (): unknown => jobFromText(text, 'job.yaml', { overrides: ['training.epochs=0'] });
  expect(lines).toThrow(/^job\.yaml: the job has 3 problems:/);
  expect(lines).toThrow(
    'spec.cohort.tabel (line 7): unknown field "spec.cohort.tabel". Did you mean spec.cohort.table?',
  );
  expect(lines).toThrow('spec.cohort.table (line 6): Required value');
  expect(lines).toThrow('spec.training.epochs (line 5): should be greater than or equal to 1, but is 0');
});

test('formatManifest and parseManifest round-trip', () => {
  const job = applyDefaults(classificationJob);
  expect(jobFromText(formatManifest(job), 'x')).toEqual(job);
});
