import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allocateWorkers, type Claim } from './allocate.ts';
import { BinaryHeap } from './binary-heap.ts';

interface Drawn extends Pick<Claim, 'remainingTiles' | 'minimum' | 'current'> {
  readonly power: number;
  readonly speed: number;
  readonly most: number;
}

const claims: fc.Arbitrary<Drawn[]> = fc.array(
  fc.record({
    remainingTiles: fc.double({ min: 0, max: 1e9, noNaN: true }),
    power: fc.double({ min: 0.1, max: 1, noNaN: true }),
    speed: fc.double({ min: 0.01, max: 1e4, noNaN: true }),
    most: fc.integer({ min: 1, max: 40 }),
    minimum: fc.integer({ min: 1, max: 4 }),
    current: fc.integer({ min: 0, max: 8 }),
  }),
  { maxLength: 12 },
);

function table(speed: number, power: number, most: number): Float64Array {
  return Float64Array.from({ length: most + 1 }, (_, workers) => speed * workers ** power);
}

function asClaims(drawn: readonly Drawn[]): Claim[] {
  return drawn.map(({ power, speed, most, minimum, ...rest }, i) => ({
    ...rest,
    id: `job-${i}`,
    minimum: Math.min(minimum, most),
    table: table(speed, power, most),
  }));
}

describe('allocateWorkers', () => {
  it('gives no more than there is, nobody less than the minimum or more than the most, and the same again', () => {
    fc.assert(
      fc.property(claims, fc.integer({ min: 0, max: 100 }), (drawn, capacity) => {
        const jobs = asClaims(drawn);
        const shares = allocateWorkers(jobs, capacity);
        const total = [...shares.values()].reduce((a, b) => a + b, 0);
        expect(total).toBeLessThanOrEqual(capacity);
        for (const { id, minimum, table: rates } of jobs) {
          const share = shares.get(id)!;
          expect(share === 0 || (share >= minimum && share < rates.length)).toBe(true);
        }
        expect(allocateWorkers([...jobs].reverse(), capacity)).toEqual(shares);
      }),
      { numRuns: 300 },
    );
  });

  it('leaves no job that runs without a worker for one that waits', () => {
    const job = { remainingTiles: 100, table: table(1, 0.8, 8), minimum: 1 };
    const shares = allocateWorkers(
      [
        { ...job, id: 'short, waits', remainingTiles: 1, current: 0 },
        { ...job, id: 'long, runs', remainingTiles: 1e6, current: 1 },
      ],
      1,
    );
    expect(Object.fromEntries(shares)).toEqual({ 'short, waits': 0, 'long, runs': 1 });
  });

  it('gives more to the one that ends sooner, and devices that bring too little to nobody', () => {
    const job = { table: table(1, 0.8, 32), minimum: 1, current: 1 };
    const shares = allocateWorkers(
      [
        { ...job, id: 'short', remainingTiles: 100 },
        { ...job, id: 'long', remainingTiles: 10_000 },
      ],
      16,
    );
    expect(shares.get('short')!).toBeGreaterThan(shares.get('long')!);
    const alone = allocateWorkers([{ ...job, id: 'one', remainingTiles: 100 }], 32, { efficiencyFloor: 0.5 });
    expect(alone.get('one')!).toBeLessThan(16);
  });
});

it('a heap gives back what was put in, in order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer()), (numbers) => {
      const heap = new BinaryHeap<number>((a, b) => a - b);
      for (const number of numbers) heap.push(number);
      const out = numbers.map(() => heap.pop());
      expect(out).toEqual([...numbers].sort((a, b) => a - b));
      expect(heap.pop()).toBeUndefined();
    }),
  );
});
