/** The manifests for kustomize say the same as the chart. Files are read as YAML: kubectl is not needed. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import { CHART, ROOT, rulesOf, rulesOfOption, type PolicyRule } from './permissions.ts';
import { readValues, valueAt } from './values.ts';

const MANIFESTS = join(ROOT, 'manifests');

interface ManifestObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly rules?: readonly PolicyRule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
}
const objectsOf = (path: string): ManifestObject[] =>
  loadAll(readFileSync(join(MANIFESTS, path), 'utf8')) as ManifestObject[];

interface Deployment {
  readonly spec: {
    readonly template: {
      readonly metadata: { readonly labels: Readonly<Record<string, string>> };
      readonly spec: {
        readonly containers: readonly { readonly image: string; readonly args: readonly string[] }[];
      };
    };
  };
}
const deployment = objectsOf('base/deployment.yaml')[0] as unknown as Deployment;
const container = deployment.spec.template.spec.containers[0];

interface Kustomization {
  readonly resources: readonly string[];
  readonly patches?: readonly { readonly path?: string }[];
}
const folders = ['base', ...readdirSync(join(MANIFESTS, 'overlays')).map((name) => `overlays/${name}`)];

describe.each(folders)('%s', (folder) => {
  const path = join(MANIFESTS, folder);
  const kustomization = load(readFileSync(join(path, 'kustomization.yaml'), 'utf8')) as Kustomization;
  const patches = (kustomization.patches ?? []).flatMap((patch) => patch.path ?? []);
  const named = [...kustomization.resources, ...patches];

  test('lists exactly the existing files', () => {
    expect(named.filter((name) => !existsSync(join(path, name)))).toEqual([]);
    const files = readdirSync(path).filter((name) => name !== 'kustomization.yaml');
    expect(files.filter((name) => !named.includes(name))).toEqual([]);
  });

  test('refers only to folders outside, as kustomize refuses files', () => {
    for (const name of named.filter((other) => other.startsWith('..'))) {
      expect(statSync(join(path, name)).isDirectory()).toBe(true);
      expect(existsSync(join(path, name, 'kustomization.yaml'))).toBe(true);
    }
  });
});

test('the definition of the job is that of crds/', () => {
  const base = load(readFileSync(join(MANIFESTS, 'base/kustomization.yaml'), 'utf8')) as Kustomization;
  expect(base.resources).toContain(relative(join(MANIFESTS, 'base'), join(ROOT, 'crds')));
});

describe('the permissions in manifests/', () => {
  const rulesIn = (path: string, name: string) =>
    objectsOf(path).find(({ kind, metadata }) => /^(Cluster)?Role$/.test(kind) && metadata.name === name)
      ?.rules;

  test("are the chart's", () => {
    expect(rulesIn('base/rbac.yaml', 'wsi-operator')).toEqual([
      ...rulesOf('jobs', undefined, ''),
      ...rulesOf('cluster', undefined, ''),
    ]);
    expect(rulesIn('base/rbac.yaml', 'wsi-operator-leader-election')).toEqual(
      rulesOf('release', undefined, 'wsi-operator'),
    );
    expect(rulesIn('overlays/single-namespace/role.yaml', 'wsi-operator-jobs')).toEqual(
      rulesOf('jobs', undefined, ''),
    );
    expect(rulesIn('overlays/kueue/rbac.yaml', 'wsi-operator-kueue')).toEqual([
      ...rulesOf('jobs', 'kueue', ''),
      ...rulesOf('cluster', 'kueue', ''),
    ]);
    expect(rulesIn('overlays/secure-metrics/rbac.yaml', 'wsi-operator-metrics')).toEqual(
      rulesOfOption('cluster', 'metrics.secure'),
    );
  });

  test('that need no gang are all over objects with a namespace: one Role is enough', () => {
    expect(rulesOf('cluster', undefined, '')).toEqual([]);
  });

  test.each([
    'base/rbac.yaml',
    'overlays/single-namespace/role.yaml',
    'overlays/kueue/rbac.yaml',
    'overlays/secure-metrics/rbac.yaml',
  ])('%s binds the roles that it makes', (path) => {
    const objects = objectsOf(path);
    const roles = objects
      .filter(({ rules }) => rules !== undefined)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    const bound = objects.flatMap(({ roleRef }) =>
      roleRef === undefined ? [] : [`${roleRef.kind} ${roleRef.name}`],
    );
    expect(roles.filter((role) => !bound.includes(role) && !role.includes(':'))).toEqual([]);
    expect(bound.filter((role) => !roles.includes(role))).toEqual([]);
  });
});

describe('the Deployment', () => {
  const template = readFileSync(`${CHART}templates/deployment.yaml`, 'utf8');
  const flagsOfChart = [...template.matchAll(/^ +- (--[a-z-]+)=(.*)$/gm)].map(
    ([, flag = '', value = '']) => ({
      flag,
      value,
    }),
  );
  const optional = [...template.matchAll(/\{\{- with [^\n]*\n +- (--[a-z-]+)=/g)].map(([, flag]) => flag);

  test('is started with the same options', () => {
    const flags = container?.args.map((argument) => argument.split('=')[0]);
    expect(flags).toEqual(flagsOfChart.map(({ flag }) => flag).filter((flag) => !optional.includes(flag)));
  });

  test("has the chart's defaults in them", () => {
    const values = readValues();
    for (const { flag, value } of flagsOfChart) {
      const [, path] = /^\{\{ \.Values((?:\.\w+)+) \}\}$/.exec(value) ?? [];
      if (path === undefined || optional.includes(flag)) continue;
      expect(container?.args).toContain(`${flag}=${String(valueAt(values, path))}`);
    }
  });

  test("is the chart's release", () => {
    const { appVersion } = load(readFileSync(`${CHART}Chart.yaml`, 'utf8')) as { appVersion: string };
    expect(container?.image).toBe(`REGISTRY/wsi-operator/operator:${appVersion}`);
    expect(container?.args).toContain(`--trainer-image=REGISTRY/wsi-operator/trainer:${appVersion}`);
  });
});
