/**
 * Optical density: the stain in the light's way is additive in it (Beer and Lambert), and a darker lamp is one shift of
 * all channels. Whole numbers of 1/10,000, so that sums and comparisons are the same on every machine.
 */

/** One unit of density in the numbers below. */
export const DENSITY = 10_000;

/** Density by the value of an 8-bit channel, against a full one. */
export const DENSITY_OF_VALUE = Int16Array.from({ length: 256 }, (_, value) =>
  Math.round(-DENSITY * Math.log10((value + 1) / 256)),
);

/** As {@link DENSITY_OF_VALUE}, of a mean of values. */
export function densityOf(value: number): number {
  const clamped = Math.min(255, Math.max(0, value));
  const low = Math.floor(clamped);
  const above = DENSITY_OF_VALUE[Math.min(255, low + 1)]!;
  const below = DENSITY_OF_VALUE[low]!;
  return Math.round(below + (above - below) * (clamped - low));
}

/** How a material absorbs, from its densities against the glass beside it. */
export interface Absorption {
  /** Mean of the channels. */
  readonly total: number;
  /** Largest less smallest: 0 for what is grey. */
  readonly chroma: number;
}

export function absorptionOf(red: number, green: number, blue: number): Absorption {
  return {
    total: (red + green + blue) / 3,
    chroma: Math.max(red, green, blue) - Math.min(red, green, blue),
  };
}

/**
 * How much more the green is absorbed than red and blue are. Stains of the eosin and haematoxylin kind are high in it;
 * the tints of lamps, coverslips and aged mounting media lie between blue and yellow, where it is about 0.
 */
export function magentaExcess(red: number, green: number, blue: number): number {
  return green - (red + blue) / 2;
}
