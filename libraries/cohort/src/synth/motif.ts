/**
 * The two tissue motifs. A: a nest of large round blue nuclei. B: a swirl of slender brown ones. They cover the same
 * area, so that neither is easier to notice; each instance is drawn independently.
 */
import type { RandomStream } from '@wsi-operator/foundation';
import type { Ellipse, Rgb } from './ellipse.ts';

export type MotifKind = 'A' | 'B';

export interface Motif {
  readonly kind: MotifKind;
  /** The top left corner of its square, in level-0 pixels. */
  readonly x: number;
  readonly y: number;
  /** The side of its square in pixels; nothing of the motif lies outside of it. */
  readonly size: number;
}

const COLORS: Readonly<Record<MotifKind, { readonly haze: Rgb; readonly nucleus: Rgb }>> = {
  A: { haze: [176, 160, 214], nucleus: [52, 48, 132] },
  B: { haze: [222, 182, 150], nucleus: [128, 66, 30] },
};

/** The ellipses of one instance, in level-0 pixels. */
export function motifEllipses(motif: Motif, random: RandomStream): Ellipse[] {
  const { haze, nucleus } = COLORS[motif.kind];
  const radius = motif.size / 2;
  const centre = { x: motif.x + radius - 0.5, y: motif.y + radius - 0.5 };
  const ellipses: Ellipse[] = [
    { ...centre, radiusX: radius * 0.94, radiusY: radius * 0.94, angle: 0, color: haze, opacity: 0.55 },
  ];
  const grain = motif.size / 64;
  for (let placed = 0; placed < 22; placed++) {
    // The square root spreads the nuclei evenly over the disc.
    const distance = radius * 0.74 * Math.sqrt(random.uniform());
    const bearing = 2 * Math.PI * random.uniform();
    const scale = grain * (0.85 + 0.3 * random.uniform());
    const shade = 24 * (random.uniform() - 0.5);
    const [red, green, blue] = nucleus;
    ellipses.push({
      x: centre.x + distance * Math.cos(bearing),
      y: centre.y + distance * Math.sin(bearing),
      radiusX: scale * (motif.kind === 'A' ? 4.6 : 7.4),
      radiusY: scale * (motif.kind === 'A' ? 4.6 : 2.9),
      angle: bearing + Math.PI / 2,
      color: [red + shade, green + shade, blue + shade],
      opacity: 0.92,
    });
  }
  return ellipses;
}
