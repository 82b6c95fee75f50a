/**
 * Brightness, contrast, saturation and hue of a tile. Each is affine in RGB, so that together they are one matrix and one
 * offset, and values are rounded and cut off once, at the end.
 */
import { inverse, product, type Matrix3 } from '@wsi-operator/slides';
import { turn } from './arithmetic.ts';

/** 1, 1, 1 and 0: no change. */
export interface ColourChange {
  readonly brightness: number;
  /** About the tile's mean grey. */
  readonly contrast: number;
  readonly saturation: number;
  /** In turns. */
  readonly hue: number;
}

/** Grey of ITU-R BT.601. */
const GREY = [0.299, 0.587, 0.114] as const;

/** RGB to YIQ (NTSC): grey, and a plane in which the angle is the hue and the distance the saturation. */
const TO_YIQ: Matrix3 = [...GREY, 0.5959, -0.2746, -0.3213, 0.2115, -0.5227, 0.3112];
const FROM_YIQ = inverse(TO_YIQ);

/** Changes a tile in place, uint8 [size, size, 3]. */
export function changeColours(tile: Uint8Array, change: ColourChange): void {
  const { brightness, contrast } = change;
  const scale = brightness * contrast;
  const [a, b, c, d, e, f, g, h, i] = chromaMatrix(change).map(
    (value) => value * scale,
  ) as unknown as Matrix3;
  // Greys keep their hue and saturation, so that it is the same for all channels. Half a value more: cutting off rounds.
  const offset = (contrast === 1 ? 0 : (1 - contrast) * brightness * meanGrey(tile)) + 0.5;
  for (let at = 0; at < tile.length; at += 3) {
    const red = tile[at]!;
    const green = tile[at + 1]!;
    const blue = tile[at + 2]!;
    tile[at] = valueOf(a * red + b * green + c * blue + offset);
    tile[at + 1] = valueOf(d * red + e * green + f * blue + offset);
    tile[at + 2] = valueOf(g * red + h * green + i * blue + offset);
  }
}

function valueOf(value: number): number {
  if (value <= 0) return 0;
  return value >= 255 ? 255 : value | 0;
}

function chromaMatrix({ saturation, hue }: ColourChange): Matrix3 {
  const { cosine, sine } = turn(hue);
  const [x, y] = [saturation * cosine, saturation * sine];
  return product(FROM_YIQ, product([1, 0, 0, 0, x, -y, 0, y, x], TO_YIQ));
}

/** From exact sums. */
function meanGrey(tile: Uint8Array): number {
  let [red, green, blue] = [0, 0, 0];
  for (let at = 0; at < tile.length; at += 3) {
    red += tile[at]!;
    green += tile[at + 1]!;
    blue += tile[at + 2]!;
  }
  return (GREY[0] * red + GREY[1] * green + GREY[2] * blue) / (tile.length / 3);
}
