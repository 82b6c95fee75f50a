/** How well tissue is found on drawn slides, beside published rules: `npm run bench -- --only tissue`. */
import sharp from 'sharp';
import {
  DEFAULT_TISSUE,
  detectTissue,
  otsuTissue,
  TissueLabel,
  type Mask,
  type Pixels,
} from '@wsi-operator/slides';
import { afterExposure, CONDITIONS, type Condition } from './conditions.ts';
import { Drawing } from './drawing.ts';
import { clamLike, histoQcLike, plainOtsu } from './rules.ts';
import { formatTable } from '../table.ts';

export interface TissueRow {
  readonly bench: 'tissue';
  readonly condition: string;
  /** Whether the seeds are those that nothing was tuned on. */
  readonly heldOut: boolean;
  readonly rule: RuleName;
  /** Over all pixels but those within two of an edge, means over the seeds. */
  readonly precision: number;
  readonly recall: number;
}

const RULES = {
  density: (pixels: Pixels): Mask => {
    const { width, height, labels } = detectTissue(pixels, MICROMETRES, DEFAULT_TISSUE);
    return { width, height, data: labels.map((label) => (label === TissueLabel.Tissue ? 1 : 0)) };
  },
  otsu: otsuTissue,
  'plain Otsu': plainOtsu,
  'CLAM-like': clamLike,
  'HistoQC-like': histoQcLike,
} as const;

type RuleName = keyof typeof RULES;

const MICROMETRES = 8;
const SIZE = { width: 400, height: 300 } as const;
const SEEDS = { known: [1, 1001, 1002], heldOut: [2001, 2002] } as const;
/** Pixels from an edge within which nobody is right or wrong. */
const EDGE = 2;

/** @param names conditions by their names; all by default */
export async function benchTissue(names?: readonly string[]): Promise<TissueRow[]> {
  const rows: TissueRow[] = [];
  for (const condition of CONDITIONS.filter(({ name }) => names?.includes(name) ?? true)) {
    for (const heldOut of [false, true]) {
      const drawn = await Promise.all(
        SEEDS[heldOut ? 'heldOut' : 'known'].map((seed) => draw(condition, seed)),
      );
      for (const rule of Object.keys(RULES) as RuleName[]) {
        const scores = drawn.map(({ picture, truth }) => score(RULES[rule](picture), truth));
        const mean = (of: (each: Score) => number): number =>
          scores.reduce((sum, each) => sum + of(each), 0) / scores.length;
        rows.push({
          bench: 'tissue',
          condition: condition.name,
          heldOut,
          rule,
          precision: mean((each) => each.precision),
          recall: mean((each) => each.recall),
        });
      }
    }
  }
  return rows;
}

export async function draw(
  condition: Condition,
  seed: number,
): Promise<{ picture: Pixels; truth: Uint8Array }> {
  const drawing = new Drawing(SIZE.width, SIZE.height, seed, condition.name);
  condition.draw(drawing);
  drawing.expose(condition.noise ?? drawing.between(0.6, 1.8));
  afterExposure(condition.name, drawing);
  const { picture, truth } = drawing;
  const quality = condition.jpeg ?? 85;
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const jpeg = await sharp(picture.data, { raw }).jpeg({ quality }).toBuffer();
  const { data } = await sharp(jpeg).raw().toBuffer({ resolveWithObject: true });
  return { picture: { ...picture, data }, truth: withoutEdges(truth, picture.width, picture.height) };
}

/** 2 where the truth changes within {@link EDGE} pixels. */
function withoutEdges(truth: Uint8Array, width: number, height: number): Uint8Array {
  return truth.map((value, at) => {
    const x = at % width;
    const y = (at - x) / width;
    for (let row = Math.max(0, y - EDGE); row <= Math.min(height - 1, y + EDGE); row++) {
      for (let column = Math.max(0, x - EDGE); column <= Math.min(width - 1, x + EDGE); column++) {
        if (truth[row * width + column] !== value) return 2;
      }
    }
    return value;
  });
}

interface Score {
  readonly precision: number;
  readonly recall: number;
}

/** Precision is 1 where nothing is taken, recall where there is nothing to take. */
export function score({ data }: Mask, truth: Uint8Array): Score {
  let [taken, right, there] = [0, 0, 0];
  for (let at = 0; at < truth.length; at++) {
    if (truth[at] === 2) continue;
    taken += data[at]!;
    there += truth[at]!;
    if (data[at] === 1 && truth[at] === 1) right++;
  }
  return { precision: taken === 0 ? 1 : right / taken, recall: there === 0 ? 1 : right / there };
}

/** Precision/recall in percent; the best F1 of a row, and what is within a percent of it, with a star. */
export function tissueTable(rows: readonly TissueRow[], heldOut: boolean): string {
  const rules = Object.keys(RULES) as RuleName[];
  const conditions = [...new Set(rows.map(({ condition }) => condition))];
  const best = new Map<RuleName, number>(rules.map((rule) => [rule, 0]));
  const lines = conditions.map((condition) => {
    const ruleRows = rules.map((rule) =>
      rows.find((row) => row.condition === condition && row.heldOut === heldOut && row.rule === rule)!,
    );
    const highest = Math.max(...ruleRows.map(f1));
    return [
      condition,
      ...ruleRows.map((row) => {
        const isBest = f1(row) >= highest - 0.01;
        if (isBest) best.set(row.rule, best.get(row.rule)! + 1);
        return `${percent(row.precision)}/${percent(row.recall)}${isBest ? '*' : ' '}`;
      }),
    ];
  });
  const header = [heldOut ? 'held-out seeds: precision/recall, %' : 'precision/recall, %', ...rules];
  const counts = ['best or within 1%', ...rules.map((rule) => `${best.get(rule)!} of ${conditions.length}`)];
  return formatTable([header, ...lines, counts]);
}

const percent = (value: number): string => (value * 100).toFixed(0);

function f1({ precision, recall }: TissueRow): number {
  return precision + recall === 0 ? 0 : (2 * precision * recall) / (precision + recall);
}
