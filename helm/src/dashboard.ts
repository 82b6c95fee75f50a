/** The Grafana dashboard, made from a list of panels: rows of 24 units, panels side by side until a row is full. */
import { ROWS, type Panel } from './dashboard-rows.ts';

const DATASOURCE = { type: 'prometheus', uid: '${datasource}' };
const GRID_WIDTH = 24;

interface Position {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

function panelJson(panel: Panel, id: number, gridPos: Position): object {
  const type = panel.type ?? 'timeseries';
  return {
    id,
    type,
    title: panel.title,
    description: panel.description,
    datasource: DATASOURCE,
    gridPos,
    fieldConfig: {
      defaults: {
        unit: panel.unit,
        min: 0,
        ...(panel.maximum === undefined ? {} : { max: panel.maximum }),
        custom:
          type === 'timeseries'
            ? {
                fillOpacity: panel.stacked === true ? 40 : 0,
                stacking: { mode: panel.stacked === true ? 'normal' : 'none' },
              }
            : {},
      },
      overrides: [],
    },
    options:
      type === 'timeseries'
        ? { legend: { displayMode: 'list', placement: 'bottom' }, tooltip: { mode: 'multi', sort: 'desc' } }
        : { reduceOptions: { calcs: ['lastNotNull'] } },
    targets: panel.queries.map(([expr, legendFormat], index) => ({
      refId: String.fromCharCode('A'.charCodeAt(0) + index),
      datasource: DATASOURCE,
      expr,
      legendFormat,
    })),
  };
}

function layout(): object[] {
  const panels: object[] = [];
  let y = 0;
  for (const row of ROWS) {
    panels.push({
      id: panels.length + 1,
      type: 'row',
      title: row.title,
      collapsed: false,
      gridPos: { x: 0, y, w: GRID_WIDTH, h: 1 },
      panels: [],
    });
    y += 1;
    let x = 0;
    for (const panel of row.panels) {
      const w = panel.width ?? 8;
      const h = panel.height ?? 8;
      if (x + w > GRID_WIDTH) {
        x = 0;
        y += h;
      }
      panels.push(panelJson(panel, panels.length + 1, { x, y, w, h }));
      x += w;
    }
    y += 8;
  }
  return panels;
}

function choice(name: string, label: string, query: string): object {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    definition: query,
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    current: { text: ['All'], value: ['$__all'] },
  };
}

export function dashboard(): object {
  return {
    uid: 'wsi-operator',
    title: 'wsi-operator',
    description: 'Training jobs on whole-slide images, and the operator that runs them.',
    tags: ['wsi-operator'],
    schemaVersion: 39,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-3h', to: 'now' },
    templating: {
      list: [
        { name: 'datasource', label: 'Data source', type: 'datasource', query: 'prometheus' },
        choice('namespace', 'Namespace', 'label_values(wsi_job_replicas, namespace)'),
        choice('job', 'Job', 'label_values(wsi_job_replicas{namespace=~"$namespace"}, job)'),
      ],
    },
    panels: layout(),
  };
}

/** Every PromQL expression of the dashboard, variables included. */
export function dashboardQueries(): string[] {
  return ROWS.flatMap(({ panels }) =>
    panels.flatMap(({ queries }) => queries.map(([expression]) => expression)),
  );
}
