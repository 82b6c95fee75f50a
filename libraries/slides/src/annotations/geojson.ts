/**
 * Areas that a pathologist drew, as QuPath exports them: GeoJSON in level-0 pixels. A FeatureCollection, a feature, a
 * list of features or a bare geometry; polygons with holes, several of them, in collections.
 */
import { isRecord, parseJson, WsiError } from '@wsi-operator/foundation';

/** x, y, x, y... in level-0 pixels; the last point is joined to the first. */
export type Ring = Float64Array;

export interface AnnotatedArea {
  /** The name of its classification; empty for none. */
  readonly className: string;
  /** One of its polygons: the outline, then the holes. */
  readonly rings: readonly Ring[];
}

export interface Annotations {
  readonly areas: readonly AnnotatedArea[];
  /** Points and lines, which have no area. */
  readonly withoutArea: number;
  /** Cells, detections and tiles of QuPath, which nobody drew. */
  readonly detections: number;
}

const EXPORT_AGAIN =
  "Export the annotations again: in QuPath, File > Export objects as GeoJSON, of this slide, as 'FeatureCollection'.";
const DETECTIONS = /^(Path)?(detection|cell|tile)(Object)?$/i;

/** Of a file. Drawn by hand there are some hundred; exports of a segmentation have more. */
const MOST_AREAS = 100_000;
const MOST_POINTS = 10_000_000;

interface Found {
  readonly areas: AnnotatedArea[];
  withoutArea: number;
  detections: number;
  points: number;
}

/** @throws WsiError InvalidArgument with every fault and the feature that it is in */
export function parseAnnotations(text: string, where: string): Annotations {
  const found: Found = { areas: [], withoutArea: 0, detections: 0, points: 0 };
  const problems: string[] = [];
  let root: unknown;
  try {
    root = parseJson(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw refused(where, `it is not JSON (${error instanceof Error ? error.message : String(error)})`);
  }
  const features = featuresOf(root);
  if (features === undefined) throw refused(where, 'it is JSON, but not GeoJSON: it has no features');
  for (const [index, feature] of features.entries()) {
    const problem = readFeature(feature, found);
    if (problem !== undefined) problems.push(`feature ${index}: ${problem}`);
  }
  if (problems.length > 0) {
    const more = problems.length > 5 ? `; and ${problems.length - 5} more` : '';
    throw refused(where, `${problems.slice(0, 5).join('; ')}${more}`);
  }
  if (found.areas.length === 0) throw refused(where, nothingDrawn(found));
  return found;
}

function nothingDrawn({ withoutArea, detections }: Found): string {
  if (withoutArea > 0) return `it has no areas, only ${withoutArea} points or lines`;
  if (detections > 0) return `it has no annotations, only ${detections} detections`;
  return 'it has no annotations';
}

function refused(where: string, problem: string): WsiError {
  return new WsiError('InvalidArgument', `The annotations cannot be used: ${problem}.`, {
    where,
    remedy: EXPORT_AGAIN,
  });
}

function featuresOf(root: unknown): readonly unknown[] | undefined {
  if (Array.isArray(root)) return root as unknown[];
  if (!isRecord(root)) return undefined;
  if (root.type === 'FeatureCollection') {
    return Array.isArray(root.features) ? (root.features as unknown[]) : undefined;
  }
  if (root.type === 'Feature') return [root];
  return typeof root.type === 'string' && ('coordinates' in root || 'geometries' in root)
    ? [{ type: 'Feature', geometry: root, properties: {} }]
    : undefined;
}

/** Adds what a feature has; a problem, if it has one. */
function readFeature(feature: unknown, found: Found): string | undefined {
  if (!isRecord(feature)) return 'is not an object';
  const properties = isRecord(feature.properties) ? feature.properties : {};
  const kinds = [properties.objectType, properties.object_type, feature.id];
  if (kinds.some((kind) => typeof kind === 'string' && DETECTIONS.test(kind))) {
    found.detections++;
    return undefined;
  }
  return readGeometry(feature.geometry, classOf(properties), found);
}

/** QuPath's classification is an object with a name, in other programs a text. */
function classOf(properties: Readonly<Record<string, unknown>>): string {
  for (const key of ['classification', 'class', 'label']) {
    const value = properties[key];
    const name = isRecord(value) ? value.name : value;
    if (typeof name === 'string') return name.normalize('NFC').trim();
    if (isRecord(value) && Array.isArray(value.names)) return value.names.map(String).join(': ');
  }
  return '';
}

function readGeometry(geometry: unknown, className: string, found: Found): string | undefined {
  if (!isRecord(geometry)) return 'has no geometry';
  const { type, coordinates } = geometry;
  if (type === 'GeometryCollection') {
    if (!Array.isArray(geometry.geometries)) return 'is a GeometryCollection without geometries';
    for (const each of geometry.geometries as unknown[]) {
      const problem = readGeometry(each, className, found);
      if (problem !== undefined) return problem;
    }
    return undefined;
  }
  if (typeof type === 'string' && /^(Multi)?(Point|LineString)$/.test(type)) {
    found.withoutArea++;
    return undefined;
  }
  if (type !== 'Polygon' && type !== 'MultiPolygon')
    return `is of a type that is not known (${String(type)})`;
  if (!Array.isArray(coordinates)) return `is a ${type} without coordinates`;
  const polygons = (type === 'Polygon' ? [coordinates] : coordinates) as unknown[];
  for (const polygon of polygons) {
    const rings = ringsOf(polygon, found);
    if (typeof rings === 'string') return rings;
    if (rings.length > 0) found.areas.push({ className, rings });
  }
  return undefined;
}

function ringsOf(polygon: unknown, found: Found): readonly Ring[] | string {
  if (!Array.isArray(polygon)) return 'has a polygon that is not a list of rings';
  if (found.areas.length >= MOST_AREAS) return `is one of more than ${MOST_AREAS} areas`;
  const rings: Ring[] = [];
  for (const ring of polygon as unknown[]) {
    if (!Array.isArray(ring)) return 'has a ring that is not a list of points';
    found.points += ring.length;
    if (found.points > MOST_POINTS) return `has more than ${MOST_POINTS} points with those before it`;
    const points = new Float64Array(ring.length * 2);
    for (const [at, point] of (ring as unknown[]).entries()) {
      const [x, y] = Array.isArray(point) ? (point as unknown[]) : [];
      // JSON has no NaN; those who write it write null or a text.
      if (!isCoordinate(x) || !isCoordinate(y))
        return `has a point that is not a pair of numbers (${show(point)})`;
      points[at * 2] = x;
      points[at * 2 + 1] = y;
    }
    if (ring.length < 3) return `has a ring of ${ring.length} points, and an area needs three`;
    rings.push(points);
  }
  return rings;
}

function isCoordinate(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && Math.abs(value) < 1e9;
}

function show(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60);
}
