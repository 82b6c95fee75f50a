/**
 * What tissue looks like: a square RGB picture that repeats without seams in both directions. Procedural (pink fibres
 * and violet nuclei, as in haematoxylin and eosin), or sewn from patches of a real slide.
 */
import { openSlide, type Pixels } from '@wsi-operator/slides';
import { RandomStream, WsiError } from '@wsi-operator/foundation';
import { drawEllipse, type Rgb } from './ellipse.ts';

// Bound once: these run for every pixel, and under the test runner a look-up of a global is slow.
const { PI, floor, max, min, round } = Math;

export interface Texture {
  /** Pixels of the side. */
  readonly size: number;
  /** size * size * 3 bytes. */
  readonly data: Uint8Array;
}

const LIGHT_EOSIN: Rgb = [243, 208, 226];
const DARK_EOSIN: Rgb = [206, 128, 172];
const NUCLEUS: Rgb = [112, 84, 152];

export function proceduralTexture(size: number, seed: number): Texture {
  const data = new Uint8Array(size * size * 3);
  const clouds = periodicNoise(size, { cellX: 128, cellY: 128 }, new RandomStream(seed, 'texture/clouds'));
  const fibres = periodicNoise(size, { cellX: 64, cellY: 8 }, new RandomStream(seed, 'texture/fibres'));
  const grain = periodicNoise(size, { cellX: 4, cellY: 4 }, new RandomStream(seed, 'texture/grain'));
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const at = y * size + x;
      const cloud = clouds[at] ?? 0;
      // Fibres bend with the clouds: the row they are read from is shifted by up to 48 pixels.
      const bent = (y + floor(cloud * 48)) % size;
      const density = 0.4 * cloud + 0.4 * (fibres[bent * size + x] ?? 0) + 0.2 * (grain[at] ?? 0);
      for (let channel = 0; channel < 3; channel++) {
        const light = LIGHT_EOSIN[channel] ?? 0;
        data[at * 3 + channel] = light + ((DARK_EOSIN[channel] ?? 0) - light) * density;
      }
    }
  }
  scatterNuclei({ size, data }, new RandomStream(seed, 'texture/nuclei'));
  return { size, data };
}

function scatterNuclei(texture: Texture, random: RandomStream): void {
  const { size, data } = texture;
  const count = floor((size * size) / 900);
  for (let nucleus = 0; nucleus < count; nucleus++) {
    const x = random.uniform() * size;
    const y = random.uniform() * size;
    const radius = 2.5 + 2 * random.uniform();
    const shade = 20 * (random.uniform() - 0.5);
    const ellipse = {
      radiusX: radius,
      radiusY: radius * (0.6 + 0.4 * random.uniform()),
      angle: PI * random.uniform(),
      color: [NUCLEUS[0] + shade, NUCLEUS[1] + shade, NUCLEUS[2] + shade] as const,
      opacity: 0.85,
    };
    // A nucleus on the border is drawn again on the other side.
    for (const left of [0, size, -size]) {
      for (const top of [0, size, -size]) {
        drawEllipse({ width: size, height: size, data }, { ...ellipse, x: x + left, y: y + top });
      }
    }
  }
}

/** Smooth noise in [0, 1] that repeats after `size`; cells must divide `size`. */
function periodicNoise(
  size: number,
  { cellX, cellY }: { readonly cellX: number; readonly cellY: number },
  random: RandomStream,
): Float32Array {
  const columns = size / cellX;
  const rows = size / cellY;
  const lattice = Float32Array.from({ length: columns * rows }, () => random.uniform());
  const noise = new Float32Array(size * size);
  const smooth = (t: number): number => t * t * (3 - 2 * t);
  for (let y = 0; y < size; y++) {
    const row = floor(y / cellY);
    const fy = smooth((y % cellY) / cellY);
    const here = row * columns;
    const below = ((row + 1) % rows) * columns;
    for (let x = 0; x < size; x++) {
      const column = floor(x / cellX);
      const next = (column + 1) % columns;
      const fx = smooth((x % cellX) / cellX);
      const top = (lattice[here + column] ?? 0) * (1 - fx) + (lattice[here + next] ?? 0) * fx;
      const bottom = (lattice[below + column] ?? 0) * (1 - fx) + (lattice[below + next] ?? 0) * fx;
      noise[y * size + x] = top * (1 - fy) + bottom * fy;
    }
  }
  return noise;
}

/** Pixels of a real patch's side, and the part of it that is blended with its neighbour. */
const PATCH = 256;
const SEAM = 32;

export interface SlideTexture extends Texture {
  /** Of the slide that it was taken from; undefined when the slide does not say. */
  readonly mpp: number | undefined;
  readonly fingerprint: string;
}

/**
 * Patches of the slide's tissue at full resolution, each read once in a seeded order (again when there are too few),
 * blended over 32 pixels at their seams.
 * @throws WsiError NoTissue when no patch of 288 pixels is mostly tissue; and what opening the slide throws
 */
export async function slideTexture(path: string, size: number, seed: number): Promise<SlideTexture> {
  const slide = await openSlide(path);
  try {
    const side = PATCH + SEAM;
    const origins: { x: number; y: number }[] = [];
    for (let y = 0; y + side <= slide.height; y += PATCH) {
      for (let x = 0; x + side <= slide.width; x += PATCH) origins.push({ x, y });
    }
    const across = size / PATCH;
    const order = new RandomStream(seed, 'texture/patches').shuffled(origins);
    const patches: Pixels[] = [];
    for (const { x, y } of order) {
      if (patches.length === across * across) break;
      const patch = await slide.readRegion({ level: 0, x, y, width: side, height: side });
      if (tissueFraction(patch.data) >= 0.9) patches.push(patch);
    }
    if (patches.length === 0) {
      throw new WsiError('NoTissue', `no area of ${side} x ${side} pixels of it is covered by tissue.`, {
        where: path,
        remedy: 'Give another slide for the texture.',
      });
    }
    const data = sewPatches(patches, across);
    return { size, data, mpp: slide.mpp?.x, fingerprint: slide.fingerprint };
  } finally {
    await slide.close();
  }
}

/** Fraction of the pixels that are stained: clearly coloured, or dark. */
function tissueFraction(data: Uint8Array): number {
  let tissue = 0;
  for (let at = 0; at + 2 < data.length; at += 3) {
    const [red = 0, green = 0, blue = 0] = [data[at], data[at + 1], data[at + 2]];
    const brightest = max(red, green, blue);
    if (brightest - min(red, green, blue) > 14 || brightest < 180) tissue++;
  }
  return (tissue * 3) / data.length;
}

function sewPatches(patches: readonly Pixels[], across: number): Uint8Array {
  const size = across * PATCH;
  const side = PATCH + SEAM;
  const sums = new Float32Array(size * size * 3);
  // Rising over the seam at one end and falling at the other: neighbours' weights add up to one.
  const weights = Array.from({ length: side }, (_, at) =>
    min(1, (at + 0.5) / SEAM, (side - at - 0.5) / SEAM),
  );
  for (let place = 0; place < across * across; place++) {
    const patch = patches[place % patches.length];
    if (patch === undefined) continue;
    const left = (place % across) * PATCH;
    const top = floor(place / across) * PATCH;
    for (let y = 0; y < side; y++) {
      const row = ((top + y) % size) * size;
      for (let x = 0; x < side; x++) {
        const weight = (weights[y] ?? 0) * (weights[x] ?? 0);
        const to = (row + ((left + x) % size)) * 3;
        const from = (y * side + x) * 3;
        for (let channel = 0; channel < 3; channel++) {
          sums[to + channel] = (sums[to + channel] ?? 0) + weight * (patch.data[from + channel] ?? 0);
        }
      }
    }
  }
  return Uint8Array.from(sums, (sum) => round(sum));
}
