import { describe, expect, it } from '@jest/globals';
import { releaseBytes } from './release-bytes.ts';

describe('releaseBytes', () => {
  it('gives the memory back at once', () => {
    const before = process.memoryUsage().arrayBuffers;
    const bytes = new Uint8Array(2 ** 26).fill(1);
    expect(process.memoryUsage().arrayBuffers - before).toBeGreaterThan(2 ** 25);
    releaseBytes(bytes);
    expect(bytes.length).toBe(0);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(2 ** 25);
    releaseBytes(bytes);
    expect(bytes.length).toBe(0);
  });

  it('leaves shared memory alone', () => {
    const shared = new Float32Array(new SharedArrayBuffer(16));
    releaseBytes(shared);
    expect(shared.length).toBe(4);
  });
});
