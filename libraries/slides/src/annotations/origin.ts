/**
 * Where annotations begin to count. OpenSlide gives some slides (MIRAX, Leica) as all of the glass, of which a part was
 * scanned; QuPath shows that part only and exports positions in it, other programs export positions on the whole slide.
 * Nothing in the file says which, and both lie inside the slide.
 */
import { WsiError } from '@wsi-operator/foundation';
import type { Slide } from '../slide.ts';
import type { Annotations } from './geojson.ts';

export interface OriginChoice {
  /** Where 0, 0 is: the corner of the slide, or of what was scanned of it. Needed for slides on which these differ. */
  readonly origin?: 'slide' | 'scanned' | undefined;
}

/**
 * The annotations in positions of the slide.
 * @throws WsiError InvalidArgument when it is not said from where they count, and that matters
 */
export function placed<T extends Annotations>(
  annotations: T,
  { properties }: Pick<Slide, 'properties'>,
  { origin }: OriginChoice,
  where: string,
): T {
  const [x, y] = ['x', 'y'].map((axis) => Number(properties[`openslide.bounds-${axis}`] ?? 0)) as [
    number,
    number,
  ];
  if (x === 0 && y === 0) return annotations;
  if (origin === 'slide') return annotations;
  if (origin === undefined) {
    throw new WsiError(
      'InvalidArgument',
      `The scanned part of the slide begins at ${x}, ${y}, and the annotations do not say whether they count from there.`,
      {
        where,
        remedy:
          'Set patches.tissue.annotations.origin (--origin): scanned for an export of QuPath, slide for positions on the whole slide.',
      },
    );
  }
  const areas = annotations.areas.map((area) => ({
    ...area,
    rings: area.rings.map((ring) => ring.map((value, at) => value + (at % 2 === 0 ? x : y))),
  }));
  return { ...annotations, areas };
}
