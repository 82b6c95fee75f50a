import { describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DeviceSampler } from './sampler.ts';
import { parseSample, summarise } from './samples.ts';

const MIB = 2 ** 20;

describe('a sample of a device', () => {
  it('is read from a line of nvidia-smi', () => {
    expect(parseSample('87, 10240, 40960, 231.45\r\n')).toEqual({
      utilisation: 87,
      memoryBytes: 10240 * MIB,
      memoryTotalBytes: 40960 * MIB,
      watts: 231.45,
    });
  });

  it('leaves out what the driver does not tell, and lines that are warnings', () => {
    const text = 'WARNING: infoROM is corrupted at gpu 0000:02:00.0\n[N/A], 512, 5120, [Not Supported]\n';
    expect(parseSample(text)).toEqual({
      utilisation: undefined,
      memoryBytes: 512 * MIB,
      memoryTotalBytes: 5120 * MIB,
      watts: undefined,
    });
  });

  it.each(['', 'No devices were found', '1, 2, 3', 'a, b, c, d', '-1, 2, 3, 4'])(
    'is none in "%s"',
    (text) => {
      expect(parseSample(text)).toBeUndefined();
    },
  );
});

describe('the summary of samples', () => {
  const sample = (utilisation: number | undefined, mib: number) => ({
    ...{ utilisation, memoryBytes: mib * MIB, memoryTotalBytes: 4096 * MIB, watts: undefined },
  });

  it('has medians and the peak of the memory', () => {
    expect(summarise([sample(10, 100), sample(95, 300), sample(undefined, 50), sample(97, 200)])).toEqual({
      samples: 4,
      medianUtilisation: 95,
      peakMemoryBytes: 300 * MIB,
      memoryTotalBytes: 4096 * MIB,
      medianWatts: undefined,
    });
    expect(summarise([sample(10, 1), sample(20, 1)]).medianUtilisation).toBe(15);
  });

  it('has nothing without any', () => {
    expect(summarise([])).toMatchObject({
      samples: 0,
      medianUtilisation: undefined,
      peakMemoryBytes: undefined,
    });
  });
});

describe('the sampler', () => {
  it('asks the program about the one device until it is stopped', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'wsi-sampler-'));
    try {
      const program = join(directory, 'nvidia-smi');
      const script = `#!/bin/sh\n[ "$1 $2" = "-i GPU-5c89" ] && echo '50, 1000, 2000, 100.00'\n`;
      await writeFile(program, script, { mode: 0o755 });
      const sampler = new DeviceSampler('GPU-5c89', { program });
      sampler.start();
      const { samples, medianUtilisation, peakMemoryBytes } = await sampler.stop();
      expect(samples).toBeGreaterThan(0);
      expect([medianUtilisation, peakMemoryBytes]).toEqual([50, 1000 * MIB]);
      expect(sampler.problem).toBeUndefined();
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  it('has no samples, and says why, where there is no such program', async () => {
    const sampler = new DeviceSampler(undefined, { program: '/no/such/nvidia-smi' });
    sampler.start();
    expect((await sampler.stop()).samples).toBe(0);
    expect(sampler.problem).toMatch(/there is no .*nvidia-smi/);
  });
});
