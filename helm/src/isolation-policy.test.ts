/**
 * The policy of the chart and the operator's own check say the same of every job: the policy is evaluated as the API server
 * does it, variable by variable. Where there is Helm, the one that it renders; the one in manifests/ in any case.
 */
import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_ISOLATION, isolationProblems, type IsolationSettings } from '@wsi-operator/api';
import { isolatedParts, isolationChoices, type IsolatedParts } from '@wsi-operator/api/testing/templates';
import { Environment } from '@marcbachmann/cel-js';
import * as fc from 'fast-check';
import { loadAll } from 'js-yaml';
import { ROOT } from './permissions.ts';
import { findHelm, renderChart } from './rendered.ts';

interface Named {
  readonly name: string;
  readonly expression: string;
}
interface Policy {
  readonly kind: string;
  readonly spec: {
    readonly matchConditions: readonly Named[];
    readonly variables: readonly Named[];
    readonly validations: readonly {
      readonly expression: string;
      readonly message: string;
      readonly messageExpression?: string;
    }[];
  };
}

const environment = new Environment();
for (const name of ['object', 'oldObject', 'request', 'variables']) environment.registerVariable(name, 'dyn');
const programs = new Map<string, ReturnType<Environment['parse']>>();
function evaluate(expression: string, context: Readonly<Record<string, unknown>>): unknown {
  const program = programs.get(expression) ?? environment.parse(expression);
  programs.set(expression, program);
  return program(context);
}

/** As the API server decodes it. */
function decoded(value: unknown): unknown {
  if (typeof value === 'number' && Number.isInteger(value)) return BigInt(value);
  if (Array.isArray(value)) return value.map(decoded);
  if (typeof value !== 'object' || value === null) return value;
  return new Map(Object.entries(value).map(([name, item]) => [name, decoded(item)]));
}

/** The messages of a policy that refuses; an expression that fails refuses as well. */
function messages({ spec }: Policy, job: unknown): string[] {
  const object = decoded(job);
  const request = decoded({ operation: 'CREATE', namespace: 'team-a' });
  const variables = new Map<string, unknown>();
  for (const { name, expression } of spec.variables) {
    variables.set(name, evaluate(expression, { object, request, variables }));
  }
  return spec.validations.flatMap(({ expression, message, messageExpression }) => {
    const context = { object, request, variables };
    try {
      if (evaluate(expression, context) === true) return [];
      return [messageExpression === undefined ? message : String(evaluate(messageExpression, context))];
    } catch {
      return [message];
    }
  });
}

function jobOf({ labels, ...spec }: IsolatedParts): Parameters<typeof isolationProblems>[0] {
  const roles = ['coordinator', 'parameterServers', 'workers'] as const;
  const templates = Object.fromEntries(roles.map((role) => [role, { template: spec[role] }]));
  return {
    metadata: { namespace: 'team-a', labels },
    spec: { ...templates, runPolicy: spec.runPolicy },
  } as unknown as Parameters<typeof isolationProblems>[0];
}

const policyIn = (objects: readonly unknown[]): Policy =>
  (objects as readonly Policy[])
    .filter((object) => (object as unknown) !== null)
    .find((object) => object.kind === 'ValidatingAdmissionPolicy') as Policy;

/** Both refuse, or neither; and the policy's path is one of the operator's. */
function expectAgreement(
  policy: Policy,
  parts: IsolatedParts,
  settings: IsolationSettings,
  gang: string,
): boolean {
  const job = jobOf(parts);
  const problems = isolationProblems(job, settings, { gang, queue: 'team' });
  const said = messages(policy, job);
  expect([said.length > 0, said, problems]).toEqual([problems.length > 0, said, problems]);
  for (const message of said.filter((one) => one.startsWith('spec.'))) {
    expect(problems.map(({ path }) => path)).toContain(message.slice(0, message.indexOf(': ')));
  }
  return said.length > 0;
}

describe('the policy in manifests/', () => {
  const policy = policyIn(loadAll(readFileSync(`${ROOT}manifests/base/isolation.yaml`, 'utf8')));
  test('refuses what the operator refuses by default, and nothing else', () => {
    const seen = { refused: 0, allowed: 0 };
    fc.assert(
      fc.property(isolatedParts, (parts) => {
        seen[expectAgreement(policy, parts, DEFAULT_ISOLATION, 'none') ? 'refused' : 'allowed'] += 1;
      }),
      { numRuns: 300 },
    );
    expect(Math.min(seen.refused, seen.allowed)).toBeGreaterThan(9);
  });

  const [condition] = policy.spec.matchConditions;
  const concerns = (operation: string, before: unknown, after: unknown): unknown =>
    evaluate(condition?.expression ?? '', {
      request: decoded({ operation }),
      oldObject: decoded(before),
      object: decoded(after),
    });
  const stored = {
    metadata: {},
    spec: { suspend: false, workers: { template: { spec: { serviceAccountName: 'x' } } } },
  };

  test('asks of new jobs and of changed templates', () => {
    expect(concerns('CREATE', null, stored)).toBe(true);
    expect(concerns('UPDATE', { metadata: {}, spec: {} }, stored)).toBe(true);
    expect(concerns('UPDATE', { ...stored, metadata: { labels: { a: 'b' } } }, stored)).toBe(true);
  });

  test('lets what was stored before be suspended, and lose its finalizers', () => {
    expect(concerns('UPDATE', stored, { ...stored, spec: { ...stored.spec, suspend: true } })).toBe(false);
    expect(concerns('UPDATE', { ...stored, metadata: { finalizers: ['x'] } }, stored)).toBe(false);
  });
});

const helm = findHelm();
(helm === undefined ? describe.skip : describe)('the policy of the chart', () => {
  const render = (values: object): ReturnType<typeof renderChart> => renderChart(helm ?? '', values);
  const binding = (values: object): unknown =>
    render(values).find(({ kind }) => kind === 'ValidatingAdmissionPolicyBinding');

  test('is by default the one in manifests/', () => {
    const sorted = ({ spec }: Policy): unknown => ({
      ...spec,
      variables: spec.variables.toSorted((one, other) => one.name.localeCompare(other.name)),
    });
    const policy = policyIn(loadAll(readFileSync(`${ROOT}manifests/base/isolation.yaml`, 'utf8')));
    expect(sorted(policyIn(render({})))).toEqual(sorted(policy));
  });

  test('refuses what the operator refuses, whatever the settings', () => {
    const seen = { refused: 0, allowed: 0 };
    for (const chosen of fc.sample(isolationChoices, { numRuns: 8, seed: 11 })) {
      const hostPaths = chosen.profile === 'restricted' ? [] : chosen.hostPaths;
      const isolation = {
        ...chosen,
        hostPaths,
        gangs: [...chosen.gangs, 'volcano'],
        queues: [...chosen.queues.filter((name) => name !== ''), 'team'],
      };
      const policy = policyIn(render({ isolation, jobs: { defaultGang: 'volcano', defaultQueue: 'team' } }));
      fc.assert(
        fc.property(isolatedParts, (parts) => {
          seen[expectAgreement(policy, parts, isolation, 'volcano') ? 'refused' : 'allowed'] += 1;
        }),
        { numRuns: 60 },
      );
    }
    expect(Math.min(seen.refused, seen.allowed)).toBeGreaterThan(9);
  });

  test('is for the namespaces of the release', () => {
    expect(binding({ watchNamespaces: ['team-a', 'team-b'] })).toMatchObject({
      spec: {
        validationActions: ['Deny'],
        matchResources: {
          namespaceSelector: {
            matchExpressions: [
              { key: 'kubernetes.io/metadata.name', operator: 'In', values: ['team-a', 'team-b'] },
            ],
          },
        },
      },
    });
    expect(binding({})).not.toHaveProperty('spec.matchResources');
  });

  test('is left out when somebody else makes it', () => {
    const kinds = render({ isolation: { admissionPolicy: false } }).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind.startsWith('ValidatingAdmission'))).toEqual([]);
  });

  test.each([
    [
      'nothing set where it must be',
      { jobs: { restricted: false } },
      'contradicts isolation.profile=restricted',
    ],
    [
      'host paths in restricted',
      { isolation: { hostPaths: ['/data'] } },
      'only for isolation.profile=baseline',
    ],
    [
      'a default gang that is not allowed',
      { isolation: { gangs: ['kueue'] } },
      'jobs.defaultGang=none is not in',
    ],
    [
      'a default queue that is not allowed',
      { jobs: { defaultQueue: 'x' }, isolation: { queues: ['y'] } },
      'jobs.defaultQueue=x is not in',
    ],
  ])('settings that contradict each other are refused: %s', (_name, values, says) => {
    expect(() => render(values)).toThrow(says);
  });
});
