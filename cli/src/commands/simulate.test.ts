import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { simulated, type SimulateFlags } from './simulate.ts';

const flags: SimulateFlags = {
  jobs: 12,
  seed: 4,
  seeds: 1,
  load: 0.6,
  nodes: 4,
  devices: 4,
  policy: ['ours', 'fixed-2'],
};

describe('wsi simulate', () => {
  it('prints a line for each policy, reproducible by its seed', () => {
    const table = simulated(flags);
    expect(table).toMatch(/^policy +mean h +median h/u);
    expect(table.trim().split('\n')).toHaveLength(3);
    expect(simulated(flags)).toBe(table);
  });

  it('prints the results of every seed as JSON', () => {
    const { parameters, seeds } = JSON.parse(simulated({ ...flags, seeds: 2, json: true })) as {
      parameters: Record<string, unknown>;
      seeds: { seed: number; results: { policy: string; deviceHours: number }[] }[];
    };
    expect(parameters).toMatchObject({ jobs: 12, nodes: 4, trace: null });
    expect(seeds.map(({ seed }) => seed)).toEqual([4, 5]);
    expect(seeds[0]!.results.map(({ policy }) => policy)).toEqual(['ours', 'fixed-2']);
  });

  it('reads arrivals from a file, and reports what is wrong with it', () => {
    const directory = mkdtempSync(join(tmpdir(), 'wsi-simulate-'));
    try {
      const trace = join(directory, 'trace.csv');
      writeFileSync(trace, 'arrival_seconds,encoder,patch_size,tiles\n0,tiny,224,90000\n5,tiny,64,1000\n');
      const { seeds } = JSON.parse(simulated({ ...flags, trace, json: true })) as {
        seeds: { results: { jobs: number }[] }[];
      };
      expect(seeds[0]!.results[0]!.jobs).toBe(2);
      expect(() => simulated({ ...flags, trace: join(directory, 'none.csv') })).toThrow('cannot be read');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('refuses invalid numbers', () => {
    expect(() => simulated({ ...flags, seed: Number.NaN })).toThrow('--seed');
    expect(() => simulated({ ...flags, seeds: 0 })).toThrow('--seeds');
    expect(() => simulated({ ...flags, floor: 2 })).toThrow('--floor');
  });
});
