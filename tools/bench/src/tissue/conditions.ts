/** Slides as they come, drawn: each with the truth. A pixel is 8 micrometres. */
import { Drawing, type Rgb, type Shape, type Stain } from './drawing.ts';

export interface Condition {
  readonly name: string;
  /** Quality of the JPEG that the picture goes through; none by default. */
  readonly jpeg?: number;
  readonly noise?: number;
  readonly draw: (d: Drawing) => void;
}

const GLASS: Rgb = [243, 242, 244];
const HE: Stain = { pale: [238, 205, 224], strong: [150, 70, 140] };
const PALE_HE: Stain = { pale: [241, 230, 238], strong: [224, 190, 214] };
const EOSIN: Stain = { pale: [244, 205, 215], strong: [215, 120, 150] };
const IHC_PALE: Stain = { pale: [232, 232, 240], strong: [180, 178, 208] };
const DAB: Stain = { pale: [190, 150, 120], strong: [85, 48, 28] };

const center = (d: Drawing): Shape => d.blob(d.between(0.4, 0.6), d.between(0.42, 0.58), 0.27, 0.3);
const small = (d: Drawing): Shape => d.disc(d.between(0.4, 0.6), d.between(0.4, 0.6), d.between(8, 22));

/** One stain on plain glass. */
const stained = (name: string, stain: Stain, more: Partial<Condition> = {}): Condition => ({
  name,
  ...more,
  draw: (d: Drawing): void => void d.fill(d.near(GLASS, 4)).tissue(center(d), varied(d, stain)),
});

function varied(d: Drawing, { pale, strong }: Stain): Stain {
  return { pale: d.near(pale, 4), strong: d.near(strong, 10) };
}

/** Haematoxylin and eosin with something else on the glass. */
const beside = (name: string, add: (d: Drawing) => void, more: Partial<Condition> = {}): Condition => ({
  name,
  ...more,
  draw: (d: Drawing): void => {
    d.fill(d.near(GLASS, 4)).tissue(center(d), varied(d, HE));
    add(d);
  },
});

const blank = (name: string, add: (d: Drawing) => void, more: Partial<Condition> = {}): Condition => ({
  name,
  ...more,
  draw: add,
});

const pen = (name: string, colour: Rgb): Condition =>
  beside(name, (d) => {
    const y = d.between(0.06, 0.14);
    d.ink(
      d.stroke([0.05, y], [0.95, y + d.between(-0.03, 0.05)], d.between(9, 20), d.between(0, 5)),
      d.near(colour, 12),
    );
  });

export const CONDITIONS: readonly Condition[] = [
  stained('H&E', HE),
  stained('H&E, JPEG quality 60', HE, { jpeg: 60 }),
  stained('H&E, noisy camera', HE, { noise: 5 }),
  stained('pale H&E', PALE_HE),
  stained('pale H&E, JPEG quality 60', PALE_HE, { jpeg: 60 }),
  stained('eosin alone', EOSIN),
  stained('haematoxylin alone', { pale: [215, 215, 236], strong: [100, 95, 165] }),
  stained('blue haematoxylin', { pale: [180, 190, 225], strong: [92, 108, 176] }),
  stained('trichrome, aniline blue', { pale: [165, 190, 225], strong: [80, 115, 185] }),
  stained('trichrome, light green', { pale: [195, 225, 210], strong: [105, 165, 140] }),
  {
    name: 'trichrome, blue and red',
    draw: (d: Drawing): void => {
      d.fill(d.near(GLASS, 4)).tissue(
        center(d),
        varied(d, { pale: [165, 190, 225], strong: [80, 115, 185] }),
      );
      d.tissue(small(d), varied(d, { pale: [215, 130, 145], strong: [170, 60, 80] }));
    },
  },
  stained('Alcian blue', { pale: [195, 225, 238], strong: [80, 160, 200] }),
  stained('PAS', { pale: [235, 205, 225], strong: [180, 60, 140] }),
  stained('Congo red', { pale: [245, 215, 205], strong: [215, 95, 85] }),
  stained('Giemsa', { pale: [205, 205, 230], strong: [95, 85, 160] }),
  stained('silver', { pale: [225, 220, 205], strong: [60, 50, 45] }),
  stained('silver, grey', { pale: [215, 214, 213], strong: [70, 68, 68] }),
  stained('DAB all over', DAB),
  stained('fast red', { pale: [240, 205, 205], strong: [200, 60, 80] }),
  {
    name: 'IHC, few positive',
    draw: (d: Drawing): void => {
      d.fill(d.near(GLASS, 4)).tissue(center(d), varied(d, IHC_PALE));
      d.tissue(small(d), varied(d, DAB));
    },
  },
  {
    name: 'IHC, half positive',
    draw: (d: Drawing): void => {
      d.fill(d.near(GLASS, 4)).tissue(center(d), varied(d, IHC_PALE));
      d.tissue(d.blob(0.5, 0.5, 0.13, 0.28), varied(d, DAB));
    },
  },
  {
    name: 'pale H&E with blood',
    draw: (d: Drawing): void => {
      d.fill(d.near(GLASS, 4)).tissue(center(d), varied(d, PALE_HE));
      d.tissue(small(d), varied(d, { pale: [205, 70, 85], strong: [170, 30, 50] }), 0.5);
    },
  },
  {
    name: 'fat',
    draw: (d: Drawing): void => {
      const shape = center(d);
      d.fill(d.near(GLASS, 4)).tissue(shape, varied(d, HE));
      for (let hole = 0; hole < 60; hole++) {
        const at = d.disc(d.between(0.35, 0.65), d.between(0.35, 0.65), d.between(2, 4.5));
        d.paint(
          (x, y) => at(x, y) * shape(x, y),
          () => GLASS,
        );
      }
    },
  },
  ...(
    [
      ['yellow', [238, 233, 222]],
      ['amber', [232, 220, 190]],
      ['blue', [226, 234, 244]],
      ['pink', [242, 230, 238]],
      ['grey', [205, 204, 206]],
    ] as const
  ).flatMap(([name, tint]): Condition[] => [
    blank(`blank, ${name} glass`, (d) => void d.fill(d.near(tint, 3))),
    {
      name: `H&E on ${name} glass`,
      draw: (d: Drawing): void => void d.fill(d.near(tint, 3)).tissue(center(d), varied(d, HE)),
    },
  ]),
  blank('blank, white glass', (d) => void d.fill(d.near(GLASS, 4))),
  blank('blank, noisy camera', (d) => void d.fill(d.near(GLASS, 4)), { noise: 5 }),
  blank('blank, JPEG quality 40', (d) => void d.fill(d.near([235, 230, 224], 4)), { jpeg: 40, noise: 3 }),
  blank('blank, dust and a bubble', (d) => {
    d.fill(d.near(GLASS, 4));
    addDust(d);
    addBubble(d);
  }),
  blank('blank, dark towards the edges', (d) => {
    d.fill(d.near(GLASS, 4));
    addVignette(d);
  }),
  {
    name: 'unscanned white, yellow glass, H&E',
    draw: (d: Drawing): void => {
      d.fill(d.near([238, 233, 222], 3)).tissue(d.blob(0.75, 0.5, 0.15, 0.25), varied(d, HE));
    },
  },
  {
    name: 'unscanned white, pink glass, pale H&E',
    draw: (d: Drawing): void => {
      d.fill(d.near([240, 229, 236], 3)).tissue(d.blob(0.75, 0.5, 0.15, 0.25), {
        pale: [232, 208, 222],
        strong: [205, 165, 192],
      });
    },
  },
  beside('black frame', () => undefined),
  beside('dark towards the edges', addVignette),
  beside('two glasses: coverslip over a part', (d) => {
    d.absorb((x) => (x > d.width * 0.12 ? 1 : 0), [250, 249, 246]);
  }),
  beside('edge of the coverslip', (d) => {
    const x = d.between(0.05, 0.1);
    d.absorb(d.stroke([x, 0], [x + 0.01, 1], 4), [150, 152, 150]);
  }),
  beside('dust and a bubble', (d) => {
    addDust(d);
    addBubble(d);
  }),
  beside('stripes of the scanner', (d) => {
    for (let x = 40; x < d.width; x += 80) {
      d.absorb((at) => (at >= x && at < x + 40 ? 1 : 0), [249, 249, 249]);
      d.absorb((at) => (at === x ? 1 : 0), [235, 245, 235]);
    }
  }),
  beside('debris out of focus', (d) => {
    for (let at = 0; at < 4; at++) {
      d.absorb(
        d.disc(d.between(0.05, 0.95), d.between(0.04, 0.12), d.between(6, 14), d.between(5, 9)),
        [188, 180, 172],
      );
    }
  }),
  pen('green pen', [30, 140, 70]),
  pen('blue pen', [40, 80, 190]),
  pen('red pen', [210, 30, 50]),
  pen('black pen', [25, 25, 30]),
  {
    name: 'pale H&E with a red pen',
    draw: (d: Drawing): void => {
      d.fill(d.near(GLASS, 4)).tissue(center(d), varied(d, PALE_HE));
      d.ink(d.stroke([0.94, 0.15], [0.93, 0.85], d.between(9, 18)), d.near([210, 30, 50], 10));
    },
  },
  beside('a ring of green pen around tissue', (d) => {
    d.ink(d.ring(0.5, 0.5, d.height * 0.46, d.between(8, 13)), d.near([40, 150, 80], 10));
  }),
  beside('blue pen across tissue', (d) => {
    const line = d.stroke([0.02, d.between(0.3, 0.6)], [0.98, d.between(0.4, 0.7)], d.between(9, 15));
    d.ink(line, d.near([40, 80, 190], 10)).markTissue(line, 0);
  }),
  {
    name: 'Alcian blue with a blue pen',
    draw: (d: Drawing): void => {
      d.fill(d.near(GLASS, 4)).tissue(
        center(d),
        varied(d, { pale: [195, 225, 238], strong: [80, 160, 200] }),
      );
      d.ink(d.stroke([0.05, 0.08], [0.95, 0.1], d.between(9, 18)), d.near([35, 60, 180], 10));
    },
  },
  {
    name: 'needle cores, trichrome',
    draw: (d: Drawing): void => {
      d.fill(d.near(GLASS, 4));
      for (const y of [0.25, 0.5, 0.75]) {
        d.tissue(d.stroke([0.08, y], [0.92, y + d.between(-0.06, 0.06)], d.between(24, 40), 6), {
          pale: [165, 190, 225],
          strong: [80, 115, 185],
        });
      }
    },
  },
  {
    name: 'small pieces',
    draw: (d: Drawing): void => {
      d.fill(d.near(GLASS, 4));
      for (let at = 0; at < 8; at++) {
        d.tissue(d.disc(0.1 + 0.11 * at, d.between(0.1, 0.9), d.between(5, 8)), varied(d, HE));
      }
    },
  },
  {
    name: 'all of the picture is tissue',
    draw: (d: Drawing): void => void d.fill(GLASS).tissue(() => 1, varied(d, HE)),
  },
  {
    name: 'all of the picture is pale tissue',
    draw: (d: Drawing): void =>
      void d.fill(GLASS).tissue(() => 1, { pale: [236, 216, 228], strong: [205, 165, 192] }),
  },
  {
    name: 'tissue with folds and pigment',
    draw: (d: Drawing): void => {
      const shape = center(d);
      d.fill(d.near(GLASS, 4)).tissue(shape, varied(d, HE));
      const fold = d.stroke([0.35, 0.4], [0.65, 0.6], 6, 5);
      d.absorb((x, y) => fold(x, y) * shape(x, y), [90, 60, 90]);
      const dot = d.disc(0.5, 0.45, 6);
      d.absorb((x, y) => dot(x, y) * shape(x, y), [40, 32, 28]);
    },
  },
];

/** What the scanner fills in last. */
export function afterExposure(name: string, d: Drawing): void {
  if (name.startsWith('unscanned')) d.unscanned(0, 0, Math.floor(d.width / 2), d.height);
  if (name === 'black frame') {
    for (const [left, top, right, bottom] of [
      [0, 0, d.width, 12],
      [0, 0, 14, d.height],
    ] as const) {
      d.unscanned(left, top, right, bottom, 0);
    }
  }
}

function addVignette(d: Drawing): void {
  const light = d.between(0.2, 0.3);
  d.absorb(() => 1, [255, 255, 255]);
  const far = Math.hypot(d.width / 2, d.height / 2);
  for (let step = 1; step <= 12; step++) {
    const from = (step / 12) * far;
    d.absorb(
      (x, y) => Math.min(1, Math.max(0, (Math.hypot(x - d.width / 2, y - d.height / 2) - from) / 20 + 0.5)),
      [255 * (1 - light / 12), 255 * (1 - light / 12), 255 * (1 - light / 12)],
    );
  }
}

function addDust(d: Drawing): void {
  for (let at = 0; at < 25; at++) {
    const grey = d.between(60, 170);
    d.absorb(d.disc(d.random.uniform(), d.between(0.01, 0.12), d.between(0.7, 2.5)), [grey, grey, grey - 4]);
  }
}

function addBubble(d: Drawing): void {
  const [x, y, radius] = [d.between(0.1, 0.2), d.between(0.85, 0.9), d.between(12, 25)];
  d.absorb(d.ring(x, y, radius, 3, 1.5), [120, 120, 124]);
  d.paint(d.disc(x, y, radius - 2), () => [248, 248, 249]);
}
