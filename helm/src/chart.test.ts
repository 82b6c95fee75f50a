import { readdirSync, readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import { GANG_NAMES } from '@wsi-operator/api';
import { generatedFiles } from './generated-files.ts';
import { CHART, OPTIONS, readPermissions, readUserRoles, ROOT, SCOPES } from './permissions.ts';
import { readValues, schemaPaths, readValuesSchema, valueAt } from './values.ts';

const text = (path: string): string => readFileSync(`${ROOT}${path}`, 'utf8');
const chart = load(text('helm/wsi-operator/Chart.yaml')) as { version: string; appVersion: string };
const templates = readdirSync(`${CHART}templates`, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.(yaml|tpl|txt)$/.test(name))
  .map((name) => ({ name, template: text(`helm/wsi-operator/templates/${name}`) }));

test.each(await generatedFiles())('$path is up to date', ({ path, text: wanted }) => {
  // When this fails: node helm/src/generate.ts
  expect(text(path)).toBe(wanted);
});

test('the version is that of the project', () => {
  const { version } = JSON.parse(text('package.json')) as { version: string };
  expect(chart).toMatchObject({ version, appVersion: version });
});

describe('the definition of the job', () => {
  const path = 'helm/wsi-operator/files/wsi.dev_wsitrainingjobs.yaml';

  test('has one line on which the chart puts labels and annotations', () => {
    expect(text(path).match(/^metadata:$/gm)).toHaveLength(1);
  });

  test('is text to Helm: what it contains is never run as a template', () => {
    const including = templates.filter(({ template }) => template.includes('wsi.dev_wsitrainingjobs.yaml'));
    expect(including.map(({ name }) => name)).toEqual(['crd.yaml']);
    expect(including[0]?.template).not.toMatch(/\btpl\b/);
  });

  test('fits: into an annotation of kubectl apply (256 KiB), and twice into the Secret of a release (1 MiB)', () => {
    const mebibyte = 2 ** 20;
    expect(Buffer.byteLength(JSON.stringify(load(text(path))))).toBeLessThan(mebibyte / 4);
    const files = readdirSync(CHART, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => readFileSync(`${entry.parentPath}/${entry.name}`));
    // Helm keeps the chart's files and what it rendered, as JSON, compressed, in base64, which Kubernetes encodes again.
    const release = gzipSync(
      Buffer.concat([...files, ...files].map((file) => Buffer.from(file.toString('base64')))),
    );
    expect((release.length * 16) / 9).toBeLessThan(mebibyte / 2);
  });
});

describe('permissions', () => {
  const permissions = readPermissions();

  test('are complete and know their words', () => {
    for (const permission of permissions) {
      expect(SCOPES).toContain(permission.scope);
      if (permission.gang !== undefined) expect(GANG_NAMES).toContain(permission.gang);
      if (permission.option !== undefined) expect(OPTIONS).toContain(permission.option);
      expect(permission.why).toMatch(/^[^.]{20,}$/);
      const allowed = ['scope', 'gang', 'option', 'apiGroups', 'resources', 'resourceNames', 'verbs', 'why'];
      expect(Object.keys(permission).filter((name) => !allowed.includes(name))).toEqual([]);
    }
  });

  test('have no wildcards', () => {
    const rules = [...permissions, ...readUserRoles().flatMap(({ rules }) => rules)];
    for (const { apiGroups, resources, verbs } of rules) {
      expect([...apiGroups, ...resources, ...verbs]).not.toContain('*');
    }
  });

  test('never list Secrets, and touch no rights, nodes, or pods of others by exec', () => {
    const secrets = permissions.filter(({ resources }) => resources.includes('secrets'));
    expect(secrets.flatMap(({ verbs }) => verbs).sort()).toEqual(['create', 'delete', 'get', 'patch']);
    const groups = permissions.flatMap(({ apiGroups }) => apiGroups);
    expect(groups).not.toContain('rbac.authorization.k8s.io');
    const resources = permissions.flatMap((permission) => permission.resources);
    for (const never of ['nodes', 'pods/exec', 'serviceaccounts', 'serviceaccounts/token', 'namespaces']) {
      expect(resources).not.toContain(never);
    }
  });

  test('over Leases are for the release only, and but for making it for one name', () => {
    const leases = permissions.filter(({ resources }) => resources.includes('leases'));
    expect(leases.map(({ scope }) => scope)).toEqual(['release', 'release']);
    expect(leases.filter(({ resourceNames }) => resourceNames === undefined)).toMatchObject([
      { verbs: ['create'] },
    ]);
  });
});

test('every value that a template reads is a value of the chart, and every value is read', () => {
  const values = readValues();
  const read = templates.flatMap(({ template }) =>
    [...template.matchAll(/\.Values((?:\.[a-zA-Z]+)+)/g)].map(([, path]) => path ?? ''),
  );
  expect(read.filter((path) => valueAt(values, path) === undefined)).toEqual([]);
  // Gangs are read by their names in the permissions; images and parts of Kubernetes objects as a whole.
  const unread = schemaPaths(readValuesSchema()).filter(
    (path) => path !== '.global' && !read.some((other) => path === other || path.startsWith(`${other}.`)),
  );
  expect(unread).toEqual([]);
});

test('alerts are text to Helm, too: $labels is for Prometheus', () => {
  const template = templates.find(({ name }) => name === 'prometheusrule.yaml')?.template ?? '';
  expect(template).toContain('.Files.Get "files/alerts.yaml"');
  expect(template).not.toMatch(/\btpl\b/);
});

test('files of the chart are YAML', () => {
  for (const name of readdirSync(`${CHART}files`)) {
    expect(() => loadAll(text(`helm/wsi-operator/files/${name}`))).not.toThrow();
  }
});
