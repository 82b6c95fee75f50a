/** What docs/install.md and docs/operations.md say about values, alerts and reasons is so. */
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { GANG_NAMES, REASONS, WARNINGS } from '@wsi-operator/api';
import { readOptions } from '@wsi-operator/operator/testing/chart';
import { CHART, ROOT } from './permissions.ts';
import { readValues, valueAt } from './values.ts';

const operations = readFileSync(`${ROOT}docs/operations.md`, 'utf8');
const install = readFileSync(`${ROOT}docs/install.md`, 'utf8');
const values = readValues();

test('every reason of a condition and every warning is explained', () => {
  const reasons = [...Object.keys(REASONS), ...Object.keys(WARNINGS)];
  expect(reasons.filter((reason) => !operations.includes(`\`${reason}\``))).toEqual([]);
});

test('every alert has its row, and every row its alert', () => {
  const { groups } = load(readFileSync(`${CHART}files/alerts.yaml`, 'utf8')) as {
    groups: { rules: { alert: string }[] }[];
  };
  const alerts = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
  const rows = [...operations.matchAll(/^\| `(Wsi(?:Operator|Job)\w+)` +\|/gm)].map(([, name]) => name);
  expect(rows).toEqual(alerts);
});

test.each([
  ['install.md', install],
  ['operations.md', operations],
])('the values that %s names are values of the chart', (_, text) => {
  const names = Object.keys(values as object);
  const inCode = [...text.matchAll(/`([a-z]\w*(?:\.[A-Za-z]\w*)+)(?:=[^`]*)?`/g)].map(
    ([, path = '']) => path,
  );
  const set = [...text.matchAll(/--set '?([a-z][\w.]*)=/g)].map(([, path = '']) => path);
  const ofChart = [...set, ...inCode.filter((path) => names.includes(path.split('.')[0] ?? ''))];
  expect(ofChart.length).toBeGreaterThan(2);
  const each = ofChart.flatMap((path) => GANG_NAMES.map((gang) => path.replace('NAME', gang)));
  expect(each.filter((path) => valueAt(values, `.${path}`) === undefined)).toEqual([]);
});

test('the ports are those of the operator', () => {
  const { metricsPort, healthPort } = readOptions([], {});
  for (const row of [
    `| ${metricsPort} | \`/metrics\``,
    `| ${healthPort} | \`/healthz\``,
    `| ${healthPort} | \`/readyz\``,
  ]) {
    expect(operations).toContain(row);
  }
});
