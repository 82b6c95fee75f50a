import { describe, expect, it } from '@jest/globals';
import { setImmediate } from 'node:timers/promises';
import { PixelGarbage } from './pixel-garbage.ts';

const MIB = 2 ** 20;

/** Leaves memory outside of the heap that nothing refers to. */
function drop(bytes: number): void {
  new Uint8Array(bytes).fill(1);
}

describe('PixelGarbage', () => {
  it('collects once for every 32 MiB of tiles', () => {
    let collections = 0;
    const garbage = new PixelGarbage(() => {
      collections += 1;
    });
    const after = [16, 15, 1, 31, 40].map((size) => {
      garbage.passed(size * MIB);
      return collections;
    });
    expect(after).toEqual([0, 0, 1, 1, 2]);
  });

  it('frees the memory of unreachable arrays by a collection', async () => {
    const garbage = new PixelGarbage();
    garbage.collect();
    const before = process.memoryUsage().arrayBuffers;
    drop(48 * MIB);
    garbage.collect();
    // V8 frees what a collection has found on a thread of its own, which a busy machine may keep waiting.
    const held = (): number => process.memoryUsage().arrayBuffers - before;
    while (held() >= 8 * MIB) await setImmediate();
    expect(held()).toBeLessThan(8 * MIB);
  });
});
