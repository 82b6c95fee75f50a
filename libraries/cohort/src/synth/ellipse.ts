/** Soft-edged ellipses on RGB pixels: what nuclei are drawn with. */

// Bound once: these run for every pixel, and under the test runner a look-up of a global is slow.
const { ceil, floor, hypot, max, min } = Math;

export type Rgb = readonly [number, number, number];

export interface Ellipse {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  /** Radians. */
  readonly angle: number;
  readonly color: Rgb;
  /** 0 to 1, at the centre. */
  readonly opacity: number;
}

export interface Canvas {
  readonly width: number;
  readonly height: number;
  /** width * height * 3 bytes. */
  readonly data: Uint8Array;
}

/** Draws the part of the ellipse that lies on the canvas; the last pixel of its radius fades out. */
export function drawEllipse(canvas: Canvas, ellipse: Ellipse): void {
  const { x, y, radiusX, radiusY } = ellipse;
  const reach = max(radiusX, radiusY) + 1;
  const left = max(0, floor(x - reach));
  const right = min(canvas.width - 1, ceil(x + reach));
  const top = max(0, floor(y - reach));
  const bottom = min(canvas.height - 1, ceil(y + reach));
  if (left > right || top > bottom) return;
  const cos = Math.cos(ellipse.angle);
  const sin = Math.sin(ellipse.angle);
  const soft = min(radiusX, radiusY);
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      const along = ((column - x) * cos + (row - y) * sin) / radiusX;
      const across = ((row - y) * cos - (column - x) * sin) / radiusY;
      const inside = min(1, (1 - hypot(along, across)) * soft);
      if (inside > 0)
        blend(canvas.data, (row * canvas.width + column) * 3, ellipse.color, inside * ellipse.opacity);
    }
  }
}

/** Mixes `color` into the pixel at `at`; `amount` 0 to 1. */
export function blend(data: Uint8Array, at: number, color: Rgb, amount: number): void {
  // Values are positive, so adding a half and cutting off rounds; without a loop, as this runs for every pixel.
  const rest = 1 - amount;
  data[at] = (data[at] ?? 0) * rest + color[0] * amount + 0.5;
  data[at + 1] = (data[at + 1] ?? 0) * rest + color[1] * amount + 0.5;
  data[at + 2] = (data[at + 2] ?? 0) * rest + color[2] * amount + 0.5;
}
