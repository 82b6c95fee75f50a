/** One slide under two names is recognised; different slides are distinguished, however similar their layout. */
import { describe, expect, it } from '@jest/globals';
import { RandomStream } from '@wsi-operator/foundation';
import type { Pixels } from '../pixels.ts';
import { detailAgreement, sameSlides, type SignedSlide } from './same-slides.ts';
import { signatureOfPicture, type SlideSignature } from './signature.ts';

const SIDE = 192;
const MIDDLE = SIDE / 2;

/** A round piece of tissue on glass: nuclei in the places of the seed, noise of its own. */
function tissue(seed: number, { nuclei = 700, noise = 0, tint = 0 } = {}): Pixels {
  const data = new Uint8Array(SIDE * SIDE * 3).fill(243);
  const places = new RandomStream(seed, 'nuclei');
  const grain = new RandomStream(seed, `grain/${noise}`);
  const paint = (x: number, y: number, [red, green, blue]: readonly [number, number, number]): void => {
    if (x < 0 || y < 0 || x >= SIDE || y >= SIDE) return;
    data.set([red, green, blue], (y * SIDE + x) * 3);
  };
  for (let y = 0; y < SIDE; y++) {
    for (let x = 0; x < SIDE; x++) {
      if ((x - MIDDLE) ** 2 + (y - MIDDLE) ** 2 > 84 ** 2) continue;
      const value = noise * grain.normal();
      paint(x, y, [210 + value - tint, 140 + value, 180 + value]);
    }
  }
  for (let nucleus = 0; nucleus < nuclei; nucleus++) {
    const [x, y] = [places.uniform() * SIDE, places.uniform() * SIDE].map(Math.floor) as [number, number];
    if ((x - MIDDLE) ** 2 + (y - MIDDLE) ** 2 > 80 ** 2) continue;
    for (let dy = -1; dy <= 1; dy++) for (let dx = -1; dx <= 1; dx++) paint(x + dx, y + dy, [90, 60, 140]);
  }
  return { width: SIDE, height: SIDE, data };
}

/** What coarse compression does: blocks of four pixels lose what is not their mean, in part. */
function compressed({ width, height, data }: Pixels, kept: number): Pixels {
  const result = new Uint8Array(data.length);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const [x, y] = [pixel % width, Math.floor(pixel / width)];
    for (let channel = 0; channel < 3; channel++) {
      const at = (dx: number, dy: number): number =>
        data[(((y & ~1) + dy) * width + (x & ~1) + dx) * 3 + channel]!;
      const mean = (at(0, 0) + at(1, 0) + at(0, 1) + at(1, 1)) / 4;
      result[pixel * 3 + channel] = Math.round(mean + kept * (data[pixel * 3 + channel]! - mean));
    }
  }
  return { width, height, data: result };
}

function signed(picture: Pixels, changed: Partial<SignedSlide> = {}): SignedSlide {
  const fingerprint = `of ${String(Math.random())}`;
  return { width: 1000, height: 1000, fingerprint, signature: signatureOfPicture(picture), ...changed };
}

async function found(...slides: readonly SignedSlide[]): Promise<string[]> {
  return (await sameSlides(slides)).map(({ first, second, how }) => `${first} = ${second}: ${how}`);
}

describe('sameSlides', () => {
  it('finds the same file, the same pixels and the same picture recompressed', async () => {
    const slides = [
      signed(tissue(1), { fingerprint: 'a' }),
      signed(tissue(2)),
      signed(tissue(1), { fingerprint: 'a' }),
      signed(tissue(2)),
      signed(compressed(tissue(1), 0.3)),
      signed(tissue(3)),
    ];
    expect(await found(...slides)).toEqual(['0 = 2: file', '1 = 3: pixels', '0 = 4: picture']);
  });

  it('distinguishes slides with the same layout', async () => {
    const noisy = Array.from({ length: 6 }, (_, seed) => signed(tissue(seed, { nuclei: 0, noise: 8 })));
    expect(await found(...noisy)).toEqual([]);
    const celled = Array.from({ length: 6 }, (_, seed) => signed(tissue(100 + seed, { noise: 4 })));
    expect(await found(...celled)).toEqual([]);
  });

  it('distinguishes slides of different colours', async () => {
    expect(await found(signed(tissue(1)), signed(tissue(1, { tint: 120 })))).toEqual([]);
  });

  it('identifies uniform and nearly empty slides by their files only', async () => {
    const blank: Pixels = { width: 8, height: 8, data: new Uint8Array(192).fill(240) };
    expect(await found(signed(blank), signed(blank))).toEqual([]);
    expect(await found(signed(blank, { fingerprint: 'b' }), signed(blank, { fingerprint: 'b' }))).toEqual([
      '0 = 1: file',
    ]);
    const bare = tissue(1, { nuclei: 0 });
    expect(await found(signed(bare), signed(tissue(1, { nuclei: 2 })))).toEqual([]);
    expect(await found(signed(bare), signed(bare))).toEqual(['0 = 1: pixels']);
    expect(await found(signed(bare), signed(bare, { width: 2000 }))).toEqual([]);
  });

  it('reads signatures at any offset of a buffer, as received from the network', async () => {
    const { signature } = signed(tissue(5));
    const wire = Buffer.concat([Buffer.alloc(3), signature.detail]).subarray(3);
    const received: SlideSignature = { ...signature, picture: 'other', detail: wire };
    const [first, second] = [signed(tissue(5)), { ...signed(tissue(5)), signature: received }];
    expect(await found(first, second)).toEqual(['0 = 1: picture']);
  });

  it('names the first of several copies', async () => {
    const slides = [0, 1, 2, 3].map(() => signed(tissue(7)));
    expect(await found(...slides)).toEqual(['0 = 1: pixels', '0 = 2: pixels', '0 = 3: pixels']);
  });
});

describe('detailAgreement', () => {
  it('is 1 for equal pictures, near 0 for different ones, and falls with compression', () => {
    const signature = (picture: Pixels): SlideSignature => signatureOfPicture(picture);
    const one = signature(tissue(1));
    expect(detailAgreement(one, signature(tissue(1)))).toBe(1);
    expect(Math.abs(detailAgreement(one, signature(tissue(2))))).toBeLessThan(0.3);
    const mild = detailAgreement(one, signature(compressed(tissue(1), 0.8)));
    const harsh = detailAgreement(one, signature(compressed(tissue(1), 0)));
    expect(mild).toBeGreaterThan(0.9);
    expect(harsh).toBeGreaterThan(0.6);
    expect(harsh).toBeLessThan(mild);
  });
});
