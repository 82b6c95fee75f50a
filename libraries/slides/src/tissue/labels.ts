/** What a place of a slide is taken for, and why it was left out. */

export const TissueLabel = {
  Glass: 0,
  Tissue: 1,
  Unscanned: 2,
  Pen: 3,
  Dark: 4,
  Grey: 5,
  Thin: 6,
  Small: 7,
  Outside: 8,
  Excluded: 9,
} as const;

export type TissueLabelValue = (typeof TissueLabel)[keyof typeof TissueLabel];

export interface LabelMeaning {
  /** As it stands in `tissue.json`. */
  readonly name: string;
  readonly meaning: string;
  /** As it is drawn. */
  readonly colour: readonly [number, number, number];
}

/** By {@link TissueLabel}. */
export const LABELS: readonly LabelMeaning[] = [
  { name: 'glass', meaning: 'glass', colour: [255, 255, 255] },
  { name: 'tissue', meaning: 'tissue', colour: [0, 150, 60] },
  { name: 'unscanned', meaning: 'not scanned', colour: [120, 120, 120] },
  { name: 'pen', meaning: 'pen', colour: [230, 0, 120] },
  { name: 'dark', meaning: 'black: frame, marker, debris', colour: [40, 40, 40] },
  { name: 'grey', meaning: 'grey: shadow, dust, bubble', colour: [0, 160, 220] },
  { name: 'thin', meaning: 'thin: edge, fibre, stripe', colour: [240, 150, 0] },
  { name: 'small', meaning: 'smaller than the smallest piece', colour: [140, 80, 200] },
  { name: 'outside', meaning: 'tissue outside the annotations', colour: [170, 200, 120] },
  { name: 'excluded', meaning: 'excluded by an annotation', colour: [200, 60, 40] },
];
