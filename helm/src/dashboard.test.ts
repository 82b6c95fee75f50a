import { readFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import type { PassOutcome } from '@wsi-operator/operator/testing/chart';
import { dashboard, dashboardQueries } from './dashboard.ts';
import { operatorMetrics, type MetricFamily } from './metrics.ts';
import { CHART } from './permissions.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}
const alerts = (
  load(readFileSync(`${CHART}files/alerts.yaml`, 'utf8')) as { groups: { rules: Rule[] }[] }
).groups.flatMap(({ rules }) => rules);
const queries = [
  ...dashboardQueries().map((query) => ({ place: 'dashboard', query })),
  ...alerts.map(({ alert, expr }) => ({ place: alert, query: expr })),
];

/** What a scrape adds. */
const OF_THE_TARGET = ['namespace', 'pod', 'instance'];

let known: ReadonlyMap<string, MetricFamily>;
beforeAll(async () => {
  known = new Map((await operatorMetrics()).map((family) => [family.name, family]));
});

/** The family of a name in a query: histograms are asked for by their parts. */
function familyOf(name: string): MetricFamily | undefined {
  const whole = known.get(name);
  if (whole !== undefined) return whole.type === 'histogram' ? undefined : whole;
  const histogram = known.get(name.replace(/_(bucket|sum|count)$/, ''));
  return histogram?.type === 'histogram' ? histogram : undefined;
}

const METRIC = /\b(?:wsi|process|nodejs)_[a-z0-9_]+/g;

describe.each(queries)('$place: $query', ({ query }) => {
  test('names metrics that the operator has', () => {
    const names = query.match(METRIC) ?? [];
    expect(names.length).toBeGreaterThan(0);
    expect(names.filter((name) => familyOf(name) === undefined)).toEqual([]);
  });

  test('selects by labels that these have', () => {
    for (const [, name = '', selector = ''] of query.matchAll(
      /\b((?:wsi|process|nodejs)_[a-z0-9_]+)\{([^}]*)\}/g,
    )) {
      const labels = [...selector.matchAll(/([a-z_]+)(?==|!)/g)].map(([label]) => label);
      const allowed = [...(familyOf(name)?.labels ?? []), ...OF_THE_TARGET];
      expect(labels.filter((label) => !allowed.includes(label))).toEqual([]);
    }
  });

  test('groups by labels that these have, and closes what it opens', () => {
    const labels = (query.match(METRIC) ?? []).flatMap((name) => familyOf(name)?.labels ?? []);
    const groups = [...query.matchAll(/\b(?:by|on|ignoring) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
      list.split(/, */),
    );
    expect(groups.filter((label) => ![...labels, ...OF_THE_TARGET, 'le'].includes(label))).toEqual([]);
    expect(query.split('(')).toHaveLength(query.split(')').length);
    expect(query.split('{')).toHaveLength(query.split('}').length);
  });
});

test('label values that are asked for are those that the operator gives', () => {
  const values = (label: string) =>
    queries.flatMap(({ query }) =>
      [...query.matchAll(new RegExp(`${label}="([a-z]+)"`, 'g'))].map(([, value]) => value),
    );
  expect(new Set(values('state'))).toEqual(new Set(['desired', 'ready']));
  expect(new Set(values('role'))).toEqual(new Set(['worker']));
  const outcome: PassOutcome['kind'] = 'failed';
  expect(new Set(values('outcome'))).toEqual(new Set([outcome]));
});

test('every alert says what is wrong and what to do', () => {
  for (const { annotations } of alerts) {
    expect(annotations['summary']).toMatch(/^[^\n]+\.$/);
    expect(annotations['description']).toMatch(/^[^\n]+[.?]$/);
  }
});

interface PanelJson {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly description?: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
}
const { panels } = dashboard() as { panels: PanelJson[] };

test('panels do not overlap, lie inside the grid, and have ids and descriptions', () => {
  expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  for (const { gridPos, type, description } of panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24);
    if (type !== 'row') expect(description).toMatch(/\.$/);
  }
  const overlapping = panels.flatMap((one, index) =>
    panels
      .slice(index + 1)
      .filter(
        (other) =>
          one.gridPos.x < other.gridPos.x + other.gridPos.w &&
          other.gridPos.x < one.gridPos.x + one.gridPos.w &&
          one.gridPos.y < other.gridPos.y + other.gridPos.h &&
          other.gridPos.y < one.gridPos.y + one.gridPos.h,
      ),
  );
  expect(overlapping).toEqual([]);
});

test('every metric of the operator has its place on the dashboard', () => {
  const used = dashboardQueries().join('\n');
  const own = [...known.keys()].filter((name) => name.startsWith('wsi_'));
  expect(own.filter((name) => !used.includes(name))).toEqual([]);
});
