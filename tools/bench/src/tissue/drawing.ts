/** Draws slides seen from afar, with the truth of where tissue is: glass, stains, pens, dust, by seed. */
import { createPixels, type Pixels } from '@wsi-operator/slides';
import { RandomStream } from '@wsi-operator/foundation';

export type Rgb = readonly [number, number, number];
/** How much of a pixel is covered, 0 to 1. */
export type Shape = (x: number, y: number) => number;

export interface Stain {
  /** Where little and where much of it is. */
  readonly pale: Rgb;
  readonly strong: Rgb;
}

export class Drawing {
  readonly picture: Pixels;
  /** 1 where there is tissue, 2 where it may be counted or not. */
  readonly truth: Uint8Array;
  readonly random: RandomStream;
  readonly #noise: Float32Array;
  /** Sums that a camera would see, before noise. */
  readonly #light: Float32Array;

  readonly width: number;
  readonly height: number;

  constructor(width: number, height: number, seed: number, name: string) {
    this.width = width;
    this.height = height;
    this.picture = createPixels(width, height);
    this.truth = new Uint8Array(width * height);
    this.random = new RandomStream(seed, `tissue-bench/${name}`);
    this.#light = new Float32Array(width * height * 3).fill(255);
    this.#noise = Float32Array.from({ length: 64 * 64 }, () => this.random.uniform());
  }

  between(low: number, high: number): number {
    return low + (high - low) * this.random.uniform();
  }

  /** A colour near another: lamps and stains differ. */
  near([red, green, blue]: Rgb, by = 6): Rgb {
    const shift = (value: number): number => Math.min(250, Math.max(4, value + this.between(-by, by)));
    return [shift(red), shift(green), shift(blue)];
  }

  fill(colour: Rgb): this {
    return this.paint(
      () => 1,
      () => colour,
    );
  }

  paint(shape: Shape, colour: (x: number, y: number) => Rgb): this {
    const light = this.#light;
    for (let y = 0, at = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, at += 3) {
        const cover = shape(x, y);
        if (cover <= 0) continue;
        const rgb = colour(x, y);
        for (let channel = 0; channel < 3; channel++) {
          light[at + channel] = light[at + channel]! * (1 - cover) + rgb[channel]! * cover;
        }
      }
    }
    return this;
  }

  /** Absorbs light: what is below shines through. */
  absorb(shape: Shape, colour: Rgb): this {
    const light = this.#light;
    for (let y = 0, at = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, at += 3) {
        const cover = shape(x, y);
        for (let channel = 0; channel < 3 && cover > 0; channel++) {
          light[at + channel]! *= 1 - cover + (cover * colour[channel]!) / 255;
        }
      }
    }
    return this;
  }

  /** Textured tissue on what is there; its colour runs from pale to strong over fibres and cells. */
  tissue(shape: Shape, { pale, strong }: Stain, grain = 1): this {
    const [offsetX, offsetY] = [this.random.integer(64), this.random.integer(64)];
    this.paint(shape, (x, y) => {
      const clouds = this.noise((x + offsetX) / 23, (y + offsetY) / 23);
      const fibres = this.noise((x + offsetY) / 6, (y + offsetX + 9 * clouds) / 2.5);
      const cells = this.noise((x + offsetX) / 1.3, (y + offsetY) / 1.3);
      const amount = Math.min(
        1,
        Math.max(0, 0.5 + grain * (0.5 * clouds + 0.35 * fibres + 0.5 * cells - 0.675)),
      );
      return [0, 1, 2].map((at) => pale[at]! + (strong[at]! - pale[at]!) * amount) as unknown as Rgb;
    });
    return this.markTissue(shape);
  }

  markTissue(shape: Shape, value = 1): this {
    for (let y = 0, at = 0; y < this.height; y++) {
      for (let x = 0; x < this.width; x++, at++) if (shape(x, y) >= 0.5) this.truth[at] = value;
    }
    return this;
  }

  /** The ink of a pen: nearly even, with a slow change along the stroke. */
  ink(shape: Shape, colour: Rgb): this {
    return this.paint(shape, (x, y) => {
      const slow = 1 + 0.06 * (this.noise(x / 40, y / 40) - 0.5);
      return colour.map((value) => value * slow) as unknown as Rgb;
    });
  }

  /** Smooth noise, 0 to 1, that repeats after 64 lattice points. */
  noise(x: number, y: number): number {
    const [column, row] = [Math.floor(x), Math.floor(y)];
    const smooth = (t: number): number => t * t * (3 - 2 * t);
    const [fx, fy] = [smooth(x - column), smooth(y - row)];
    const at = (c: number, r: number): number => this.#noise[(r & 63) * 64 + (c & 63)]!;
    const above = at(column, row) * (1 - fx) + at(column + 1, row) * fx;
    const below = at(column, row + 1) * (1 - fx) + at(column + 1, row + 1) * fx;
    return above * (1 - fy) + below * fy;
  }

  /** The camera: noise of one standard deviation in values, about normal. */
  expose(deviation: number): this {
    const { data } = this.picture;
    for (let at = 0; at < data.length; at++) {
      const noise =
        deviation === 0
          ? 0
          : (this.random.uniform() + this.random.uniform() + this.random.uniform() - 1.5) * 2 * deviation;
      data[at] = Math.min(255, Math.max(0, Math.round(this.#light[at]! + noise)));
    }
    return this;
  }

  /** What no camera saw. */
  unscanned(left: number, top: number, right: number, bottom: number, value = 255): this {
    for (let y = top; y < bottom; y++) {
      this.picture.data.fill(value, (y * this.width + left) * 3, (y * this.width + right) * 3);
      this.truth.fill(0, y * this.width + left, y * this.width + right);
    }
    return this;
  }

  /** A lobed blob, its size as parts of the picture. */
  blob(cx: number, cy: number, rx: number, ry: number): Shape {
    const lobes = [2, 3, 5, 7].map((count) => ({
      count,
      height: this.between(0.02, 0.22 / count),
      phase: this.between(0, 6.28),
    }));
    return (x, y) => {
      const [u, v] = [(x / this.width - cx) / rx, (y / this.height - cy) / ry];
      const angle = Math.atan2(v, u);
      let edge = 1;
      for (const { count, height, phase } of lobes) edge += height * Math.sin(count * angle + phase);
      return ramp((edge - Math.hypot(u, v)) * Math.min(rx * this.width, ry * this.height));
    };
  }

  disc(cx: number, cy: number, radius: number, blur = 1): Shape {
    return (x, y) => ramp((radius - Math.hypot(x - cx * this.width, y - cy * this.height)) / blur);
  }

  ring(cx: number, cy: number, radius: number, thick: number, blur = 1): Shape {
    return (x, y) =>
      ramp((thick / 2 - Math.abs(Math.hypot(x - cx * this.width, y - cy * this.height) - radius)) / blur);
  }

  /** A line between two places (parts of the picture) that swings by `wave` pixels. */
  stroke(from: readonly [number, number], to: readonly [number, number], thick: number, wave = 0): Shape {
    const [x1, y1, x2, y2] = [
      from[0] * this.width,
      from[1] * this.height,
      to[0] * this.width,
      to[1] * this.height,
    ];
    const length = Math.hypot(x2 - x1, y2 - y1);
    const [ux, uy] = [(x2 - x1) / length, (y2 - y1) / length];
    return (x, y) => {
      const along = (x - x1) * ux + (y - y1) * uy;
      const across = (y - y1) * ux - (x - x1) * uy - wave * Math.sin(along / 30);
      return along < 0 || along > length ? 0 : ramp(thick / 2 - Math.abs(across));
    };
  }
}

function ramp(distance: number): number {
  return Math.min(1, Math.max(0, distance + 0.5));
}
