/**
 * Published rules for tissue, reimplemented for comparison; each sees the same picture.
 *   - Otsu: one threshold on the saturation, nothing else.
 *   - CLAM-like (Lu et al. 2021, create_patches_fp.py as it is set by default): median of the saturation over 7 x 7, a
 *     fixed threshold of 8, closing by 4; pieces under 100 and holes over 16 reference patches are treated as there, in
 *     proportion to the picture.
 *   - HistoQC-like (Janowczyk et al. 2019, config_v2.1): brightness over 0.9 (of 1) is background; pens by a colour rule
 *     for each of red, green and blue (PathML's, as HistoQC has); specks dropped, holes filled.
 */
import { otsuThreshold, type Mask, type Pixels } from '@wsi-operator/slides';

export function plainOtsu(pixels: Pixels): Mask {
  const saturation = saturations(pixels);
  const threshold = otsuThreshold(histogramOf(saturation));
  return maskWhere(pixels, (at) => saturation[at]! > threshold);
}

export function clamLike(pixels: Pixels): Mask {
  const saturation = median(saturations(pixels), pixels, 3);
  const mask = maskWhere(pixels, (at) => saturation[at]! > 8);
  const closed = shifted(shifted(mask, 2, 1), 2, 0);
  return withoutSmall(closed, Math.round(mask.data.length / 2000));
}

export function histoQcLike(pixels: Pixels): Mask {
  const mask = maskWhere(pixels, (at) => {
    const [red, green, blue] = rgb(pixels, at);
    const brightness = (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255;
    return brightness < 0.9 && brightness > 0.05 && !isPen(red, green, blue);
  });
  return withoutSmall(mask, Math.round(mask.data.length / 4000));
}

/** Colour rules for pens, shortened to one or a few of each: at most this much red, green and blue (or at least). */
const PENS: readonly ((red: number, green: number, blue: number) => boolean)[] = [
  (red, green, blue) => red > 150 && green < 80 && blue < 90,
  (red, green, blue) => red < 150 && green > 160 && blue > 140,
  (red, green, blue) => red < 70 && green > 110 && blue > 110,
  (red, green, blue) => red < 65 && green > 80 && blue < 110,
  (red, green, blue) => red < 60 && green < 120 && blue > 190,
  (red, green, blue) => red < 120 && green < 170 && blue > 200,
  (red, green, blue) => red < 60 && green < 100 && blue > 150,
];

function isPen(red: number, green: number, blue: number): boolean {
  return PENS.some((rule) => rule(red, green, blue));
}

const rgb = ({ data }: Pixels, at: number): [number, number, number] => [
  data[at * 3]!,
  data[at * 3 + 1]!,
  data[at * 3 + 2]!,
];

function saturations(pixels: Pixels): Uint8Array {
  const result = new Uint8Array(pixels.width * pixels.height);
  for (let at = 0; at < result.length; at++) {
    const [red, green, blue] = rgb(pixels, at);
    const high = Math.max(red, green, blue);
    result[at] = high === 0 ? 0 : Math.round((255 * (high - Math.min(red, green, blue))) / high);
  }
  return result;
}

function histogramOf(values: Uint8Array): Float64Array {
  const histogram = new Float64Array(256);
  for (const value of values) histogram[value]! += 1;
  return histogram;
}

function maskWhere({ width, height }: Pixels, is: (at: number) => boolean): Mask {
  return { width, height, data: Uint8Array.from({ length: width * height }, (_, at) => (is(at) ? 1 : 0)) };
}

/** By counting: the windows are small and the values few. */
function median(values: Uint8Array, { width, height }: Pixels, radius: number): Uint8Array {
  const result = new Uint8Array(values.length);
  const counts = new Int32Array(256);
  for (let y = 0; y < height; y++) {
    const first = Math.max(0, y - radius);
    const last = Math.min(height - 1, y + radius);
    counts.fill(0);
    let total = 0;
    const count = (column: number, by: 1 | -1): void => {
      if (column < 0 || column >= width) return;
      for (let row = first; row <= last; row++) counts[values[row * width + column]!]! += by;
      total += by * (last - first + 1);
    };
    for (let column = 0; column < radius; column++) count(column, 1);
    for (let x = 0; x < width; x++) {
      count(x + radius, 1);
      count(x - radius - 1, -1);
      let value = 0;
      for (let below = counts[0]!; below * 2 <= total; below += counts[value]!) value++;
      result[y * width + x] = value;
    }
  }
  return result;
}

/** Pixels of a value spread by a radius, in a square. */
function shifted({ width, height, data }: Mask, radius: number, value: 0 | 1): Mask {
  const result = data.slice();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] !== value) continue;
      for (let row = Math.max(0, y - radius); row <= Math.min(height - 1, y + radius); row++) {
        result.fill(
          value,
          row * width + Math.max(0, x - radius),
          row * width + Math.min(width, x + radius + 1),
        );
      }
    }
  }
  return { width, height, data: result };
}

function withoutSmall({ width, height, data }: Mask, least: number): Mask {
  const result = data.slice();
  const seen = new Uint8Array(data.length);
  for (let start = 0; start < data.length; start++) {
    if (data[start] === 0 || seen[start] === 1) continue;
    const members = [start];
    seen[start] = 1;
    for (let next = 0; next < members.length; next++) {
      const at = members[next]!;
      const x = at % width;
      for (const other of [x > 0 ? at - 1 : -1, x < width - 1 ? at + 1 : -1, at - width, at + width]) {
        if (other < 0 || other >= data.length || data[other] === 0 || seen[other] === 1) continue;
        seen[other] = 1;
        members.push(other);
      }
    }
    if (members.length < least) for (const at of members) result[at] = 0;
  }
  return { width, height, data: result };
}
