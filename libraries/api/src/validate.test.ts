import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { spec as specSchema } from './definition/job.ts';
import * as rules from './definition/rules.ts';
import type { JsonObject, Node } from './schema/node.ts';
import { formatProblem, type Problem } from './schema/problem.ts';
import {
  acceptances,
  classificationJob,
  clusterRefusals,
  fieldRefusals,
  refusedManifest,
  ruleRefusals,
  survivalJob,
  withField,
  withFields,
} from './testing/index.ts';
import { applyDefaults, manifestError, validate } from './validate.ts';

const refusals = [...fieldRefusals, ...ruleRefusals, ...clusterRefusals];

function problemsOf(manifest: unknown, old?: unknown): readonly Problem[] {
  return validate(manifest, old === undefined ? {} : { old }).problems ?? [];
}

describe('an invalid manifest', () => {
  test.each(refusals.map((row) => [row.name, row] as const))(
    'is refused for its only fault: %s',
    (_, row) => {
      const problems = problemsOf(refusedManifest(row));
      expect(problems.map(formatProblem)).toHaveLength(1);
      expect(problems[0]).toMatchObject({ path: row.path });
      expect(problems[0]?.problem).toContain(row.says);
      if (row.remedy !== undefined) expect(problems[0]?.remedy).toContain(row.remedy);
    },
  );

  test('is in the table for every hand-written rule except transition rules', () => {
    const written = Object.values(rules)
      .flat()
      .filter(({ cel }) => !cel.includes('oldSelf'))
      .map(({ message }) => message);
    const said = new Set(refusals.flatMap((row) => problemsOf(refusedManifest(row)).map((p) => p.problem)));
    expect(written.filter((message) => !said.has(message))).toEqual([]);
  });
});

test.each(acceptances.map((row) => [row.name, row] as const))(
  'a valid manifest is accepted: %s',
  (_, row) => {
    expect(problemsOf(refusedManifest({ ...row, path: '', says: '' })).map(formatProblem)).toEqual([]);
  },
);

test('all faults are reported at once, without those that follow from another', () => {
  const manifest = withFields(classificationJob, {
    'metadata.name': 'No_Name',
    'spec.patches': { mpp: 0.5, level: 1, size: 'big', blockShards: 3 },
    'spec.training': { epochs: 0, epoch: 3, mode: 'async' },
    'spec.model.head.name': 'cocks',
  });
  expect(
    problemsOf(manifest)
      .map(({ path }) => path)
      .sort(),
  ).toEqual([
    'metadata.name',
    'spec.model.head.name',
    'spec.patches.blockShards',
    'spec.patches.level',
    'spec.patches.size',
    'spec.training.epoch',
    'spec.training.epochs',
    'spec.training.mode',
  ]);
});

test.each([
  ['nothing', undefined, 'manifest'],
  ['a text', 'job', 'manifest'],
  ['a list', [], 'manifest'],
  ['another kind', { ...classificationJob, kind: 'Pod' }, 'kind'],
  ['another version', { ...classificationJob, apiVersion: 'wsi.dev/v2' }, 'apiVersion'],
  ['no metadata', withField(classificationJob, 'metadata', undefined), 'metadata'],
  ['no name', withField(classificationJob, 'metadata', {}), 'metadata.name'],
  ['a field of the spec at the top', { ...classificationJob, training: {} }, 'training'],
  [
    'a label that is a number',
    withField(classificationJob, 'metadata.labels', { a: 1 }),
    'metadata.labels.a',
  ],
])('an object that is not a job is refused: %s', (_, manifest, path) => {
  expect(problemsOf(manifest).map((problem) => problem.path)).toEqual([path]);
});

test('a job returned by the cluster is accepted with everything that Kubernetes adds', () => {
  const stored = withFields(classificationJob, {
    'metadata.managedFields': [{ manager: 'kubectl' }],
    'metadata.ownerReferences': [],
    'metadata.generation': 2,
    status: { phase: 'Running', somethingNewer: 1 },
  });
  const { job } = validate(stored);
  expect(job?.status).toEqual({ phase: 'Running', somethingNewer: 1 });
  expect(job?.metadata.generation).toBe(2);
});

test('keys that JavaScript treats specially are plain keys', () => {
  const text = JSON.stringify(classificationJob).replace('"spec":{', '"spec":{"__proto__":{"epochs":1},');
  expect(problemsOf(JSON.parse(text)).map(({ path }) => path)).toEqual(['spec.__proto__']);
  expect(problemsOf(withField(classificationJob, 'spec.constructor', 1)).map(({ path }) => path)).toEqual([
    'spec.constructor',
  ]);
  expect(problemsOf(withField(classificationJob, 'spec.model.encoder.name', 'toString'))).toHaveLength(1);
});

test('a cyclic or very deep value is refused', () => {
  const affinity: Record<string, unknown> = {};
  affinity['again'] = affinity;
  const manifest = withField(classificationJob, 'spec.workers.template.spec', { affinity } as never);
  expect(problemsOf(manifest)[0]?.problem).toBe('is nested too deeply');
});

describe('an update', () => {
  const job = applyDefaults(classificationJob) as unknown as JsonObject;

  test.each([
    ['spec.training.epochs', 11, 'spec.training'],
    ['spec.patches.mpp', 0.5, 'spec.patches'],
    ['spec.model.aggregator.hidden', 32, 'spec.model'],
    ['spec.cohort.table', 'other.csv', 'spec.cohort'],
    ['spec.parameterServers.replicas', 2, 'spec.parameterServers.replicas'],
    ['spec.storage.data', { claimName: 'other' }, 'spec.storage'],
    ['spec.runPolicy.gang', 'kueue', 'spec.runPolicy.gang'],
    ['spec.runPolicy.queue', 'research', 'spec.runPolicy.queue'],
    ['spec.managedBy', 'kueue.x-k8s.io/multikueue', 'spec.managedBy'],
    // In its old place.
    ['spec.runPolicy.managedBy', 'kueue.x-k8s.io/multikueue', 'spec.managedBy'],
  ] as const)('of %s is refused', (path, value, blamed) => {
    expect(problemsOf(withField(classificationJob, path, value), classificationJob)).toMatchObject([
      { path: blamed },
    ]);
  });

  test.each([
    ['spec.workers.replicas', 8],
    ['spec.suspend', true],
    ['spec.runPolicy.backoffLimit', 1],
    ['spec.checkpoint.everySteps', 1],
    // Where the same slides are.
    ['spec.cohort.s3', { region: 'eu-central-1' }],
    // Writing a default out is no change.
    ['spec.training.epochs', 10],
    ['spec.patches', null],
  ] as const)('of %s to %s is accepted', (path, value) => {
    expect(problemsOf(withField(classificationJob, path, value), classificationJob)).toEqual([]);
  });

  test('of settings for the pods is accepted while the job is suspended', () => {
    const changes = {
      'spec.parameterServers.replicas': 2,
      'spec.storage.output': { size: '20Gi' },
      'spec.runPolicy.gang': 'kueue',
      'spec.runPolicy.queue': 'research',
      'spec.suspend': true,
    };
    expect(problemsOf(withFields(classificationJob, changes), classificationJob)).toEqual([]);
  });

  test.each(['spec.managedBy', 'spec.runPolicy.managedBy'])('that takes %s away is refused', (path) => {
    const managed = withField(classificationJob, path, 'kueue.x-k8s.io/multikueue');
    expect(problemsOf(managed, managed)).toEqual([]);
    const taken = withField(classificationJob, 'spec.suspend', true);
    expect(problemsOf(taken, managed)).toMatchObject([{ path: 'spec.managedBy' }]);
    const other = withField(managed, path, 'wsi.dev/operator');
    expect(problemsOf(other, managed)).toMatchObject([{ path: 'spec.managedBy' }]);
  });

  test('that moves managedBy to its new place is accepted, and one that sets both places is refused', () => {
    const before = withField(classificationJob, 'spec.runPolicy.managedBy', 'example.org/queue');
    const after = withField(classificationJob, 'spec.managedBy', 'example.org/queue');
    expect(problemsOf(after, before)).toEqual([]);
    const both = withField(before, 'spec.managedBy', 'example.org/queue');
    expect(problemsOf(both)).toMatchObject([{ path: 'spec.runPolicy.managedBy' }]);
  });

  test('that only writes the defaults out is accepted', () => {
    // `stride`, `level` and the like are not filled in by the API server, so that writing them is a change there.
    expect(problemsOf(job, job)).toEqual([]);
  });
});

describe('defaults', () => {
  test('are filled in on every level, by variant and by form', () => {
    const { job } = validate(
      withFields(survivalJob, {
        'spec.patches.size': 64,
        'spec.training.optimizer.name': 'sgd',
        'spec.model.encoder.name': 'tiny',
      }),
    );
    expect(job?.spec.patches).toMatchObject({ size: 64, stride: 64, level: 0, cacheBytes: '32Mi' });
    expect(job?.spec.training.optimizer).toEqual({
      name: 'sgd',
      learningRate: 0.001,
      weightDecay: 0.0001,
      momentum: 0.9,
    });
    expect(job?.spec.model.head).toEqual({ name: 'cox', hidden: 16, ties: 'efron' });
    expect(job?.spec.cohort.split).toEqual({ seed: 0, test: 0.25, validation: 0 });
  });

  test('of another form or variant are not filled in', () => {
    const { job } = validate(
      withFields(classificationJob, { 'spec.patches.mpp': 0.5, 'spec.cohort.split': { folds: 3, fold: 0 } }),
    );
    expect(job?.spec.patches).not.toHaveProperty('level');
    expect(job?.spec.cohort.split).toEqual({ seed: 0, validation: 0, folds: 3, fold: 0 });
    expect(job?.spec.model.head).toEqual({ name: 'classification', hidden: 16 });
  });

  test.each(acceptances.map((row) => [row.name, row] as const))(
    'change nothing the second time, and stay valid: %s',
    (_, row) => {
      const { job } = validate(refusedManifest({ ...row, path: '', says: '' }));
      expect(validate(job).job).toEqual(job);
      expect(JSON.parse(JSON.stringify(job))).toEqual(job);
    },
  );

  test('do not modify the manifest', () => {
    const before = JSON.stringify(classificationJob);
    applyDefaults(classificationJob);
    expect(JSON.stringify(classificationJob)).toBe(before);
  });
});

function fieldPaths(node: Node, path: string): string[] {
  if (node.kind !== 'object') return [path];
  return [
    path,
    ...Object.entries(node.fields).flatMap(([name, field]) => fieldPaths(field.node, `${path}.${name}`)),
  ];
}

describe('for arbitrary input', () => {
  test('validate never throws', () => {
    fc.assert(
      fc.property(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true }), (value) => {
        expect(validate(value).problems?.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test('in any field, validate never throws, and an accepted job stays accepted with its defaults', () => {
    const paths = fieldPaths(specSchema.node, 'spec');
    fc.assert(
      fc.property(
        fc.constantFrom(classificationJob, survivalJob),
        fc.array(fc.tuple(fc.constantFrom(...paths), fc.anything()), { minLength: 1, maxLength: 3 }),
        (base, changes) => {
          const manifest = changes.reduce<JsonObject>(
            (changed, [path, value]) => withField(changed, path, value as never),
            base,
          );
          const { job } = validate(manifest);
          if (job !== undefined) expect(validate(job).problems).toBeUndefined();
        },
      ),
      { numRuns: 500 },
    );
  });
});

test('the error lists all problems and names the file', () => {
  const error = manifestError(
    problemsOf(withField(classificationJob, 'spec.training.epochs', 0)),
    'job.yaml',
  );
  expect(error.code).toBe('InvalidManifest');
  expect(error.message).toBe(
    'job.yaml: the job has one problem:\n  spec.training.epochs: should be greater than or equal to 1, but is 0',
  );
});
