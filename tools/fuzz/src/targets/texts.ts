/** What people write: manifests, tables, annotations. */
import { checkManifest, manifestError } from '@wsi-operator/api';
import { CohortError } from '@wsi-operator/cohort';
import { decodeTable, examineTable } from '@wsi-operator/cohort/testing/fuzzing';
import { applyAnnotations, parseAnnotations } from '@wsi-operator/slides/testing/fuzzing';
import type { FuzzTarget } from '../target.ts';

const MANIFEST = `apiVersion: wsi.dev/v1alpha1
kind: WsiTrainingJob
metadata: { name: a }
spec:
  cohort: { table: c.csv, slides: s, outcome: { type: classification, column: label } }
  patches: { size: 64, level: 0 }
  model: { encoder: { name: tiny }, head: { name: classification } }
`;

const manifest: FuzzTarget = {
  name: 'manifest',
  seeds: async () => [Buffer.from(MANIFEST), Buffer.from(`--- &a\nb: *a\n---\n${MANIFEST}...\n`)],
  words: [
    '&a ',
    '*a',
    '<<: *a\n',
    '? ',
    ': ',
    '- ',
    '|\n ',
    '!!binary ',
    '[',
    '{',
    '}',
    '"',
    "'",
    '---\n',
    '\t',
    'null',
    '!!float .inf',
    '0x7fffffff',
    '\u2028',
    'spec:\n  ',
  ],
  run: async (input) => {
    const { problems } = checkManifest(input.toString('utf8'), 'job.yaml');
    if (problems !== undefined) throw manifestError(problems, 'job.yaml');
  },
  remedyElsewhere: 'each problem of the list has its own',
};

const TABLE =
  'patient,slide,label,time,event\np1,a.svs,x,3,1\np2,b.svs,y,4,0\np3,c.svs,x,5,1\np4,d.svs,y,6,0\n';

const table: FuzzTarget = {
  name: 'table',
  seeds: async () => [
    Buffer.from(TABLE),
    Buffer.from(`\uFEFFsep=;\r\n${TABLE.replaceAll(',', ';').replaceAll('\n', '\r\n')}`),
    Buffer.from(`\uFEFF${TABLE}`, 'utf16le'),
    Buffer.from(TABLE.replace('a.svs', '"a\n""b"".svs"')),
  ],
  words: [
    '"',
    '""',
    ',',
    ';',
    '\t',
    '|',
    '\r',
    '\r\n',
    '\n',
    '#',
    'sep=,\n',
    '\0',
    '\uFEFF',
    'NA',
    '1e309',
    '-0',
    '=1+1',
    'patient,slide,label',
    '\xff\xfe',
    'PK\x03\x04',
  ],
  run: async (input) => {
    const text = decodeTable(input, 'cohort.csv');
    const oracle = (name: string): { found: true; path: string; identity: string } => ({
      found: true,
      path: name,
      identity: name,
    });
    for (const outcome of [
      { type: 'classification', column: 'label' },
      { type: 'survival', time: 'time', event: 'event' },
    ] as const) {
      const { problems } = examineTable(text, { table: 'cohort.csv', outcome }, oracle);
      if (problems.length > 0) throw new CohortError('cohort.csv', problems);
    }
  },
  remedyElsewhere: 'each problem of the list has its own',
};

const point = (x: number, y: number): number[] => [x, y];
const ring = [point(10, 10), point(90, 10), point(90, 90), point(10, 90), point(10, 10)];
const FEATURES = {
  type: 'FeatureCollection',
  features: [
    {
      type: 'Feature',
      id: 'a',
      properties: { classification: { name: 'Tumor' } },
      geometry: { type: 'Polygon', coordinates: [ring] },
    },
    {
      type: 'Feature',
      properties: {},
      geometry: {
        type: 'GeometryCollection',
        geometries: [
          { type: 'MultiPolygon', coordinates: [[ring]] },
          { type: 'Point', coordinates: [1, 1] },
        ],
      },
    },
  ],
};
const picture = { width: 100, height: 100, labels: new Uint8Array(10_000).fill(1), scaleX: 1, scaleY: 1 };

const annotations: FuzzTarget = {
  name: 'geojson',
  seeds: async () => [
    Buffer.from(JSON.stringify(FEATURES)),
    Buffer.from(JSON.stringify(FEATURES.features[0])),
  ],
  words: [
    '[',
    ']',
    '{',
    '}',
    '"',
    ',',
    'null',
    '1e308',
    '-1e9',
    '"coordinates":',
    '"type":"Polygon"',
    '"geometries":[',
    '{"type":"GeometryCollection","geometries":[',
    '[10,10],',
    '__proto__',
  ],
  run: async (input) => {
    applyAnnotations(picture, parseAnnotations(input.toString('utf8'), 'a.geojson'), {}, 'a.geojson');
  },
};

export const textTargets: readonly FuzzTarget[] = [manifest, table, annotations];
