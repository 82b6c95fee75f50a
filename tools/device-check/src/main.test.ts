/** The command as a whole, on the processor: with a small network, and with a gradient as TF32 would leave it. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Engine, type TileNetwork } from '@wsi-operator/engine';
import { twoPassGradient } from '@wsi-operator/engine/testing/example-bag';
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkedBag } from './computations/bag.ts';
import { compute } from './computations/compute.ts';
import { readOptions } from './options.ts';
import { gradientVerdicts } from './verdicts.ts';

const LIMIT_MILLISECONDS = 600_000;
const MAIN = join(import.meta.dirname, 'main.ts');
const SMALL = ['--tile-size', '40', '--tiles', '5', '--seconds', '0.1', '--batch', '3'];

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-device-check-test-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const env = { ...process.env, WSI_TENSORFLOW: 'cpu', ...environment };
  return new Promise((resolve) => {
    execFile(process.execPath, ['--no-warnings', MAIN, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), stdout, stderr }),
    );
  });
}

describe('the check of a device', () => {
  it(
    'passes on the processor, and says that no GPU was checked',
    async () => {
      const { code, stdout, stderr } = await run(SMALL);
      expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('tiny: gradients') });
      expect(stdout).toContain('**No GPU was checked**');
      expect(stdout).toContain('All 5 checks passed.');
      // 40 is no multiple of the stride of 16.
      expect(stdout).toContain('| tiny, 5 tiles of 32 in shards of 3 |');
      const speed = stdout.split('\n').find((line) => line.startsWith('| tiny, 32 px'));
      const numbers = speed!.split('|').map((cell) => Number(cell.replaceAll(',', '')));
      for (const column of [3, 4, 5, 6]) expect(numbers[column]).toBeGreaterThan(0);
    },
    LIMIT_MILLISECONDS,
  );

  it(
    'fails for a gradient of rounded parameters, with the tolerance that it has unless told otherwise',
    async () => {
      const subject = { network: network(32), batch: 3, tiles: 5, threads: 1, device: 'cpu' as const };
      const file = join(directory, 'rounded');
      await writeFile(file, new Uint8Array((await roundedGradient(subject.network, 5, 3)).buffer));
      const comparison = await compute({ kind: 'reference', ...subject, file });
      // Rounding alone does a thousand times less, so that it is not the limit.
      expect(comparison.rounding.overall).toBeLessThan(1e-5);
      const { tolerance } = readOptions([], {})!;
      const verdicts = gradientVerdicts('tiny', comparison, tolerance);
      expect(verdicts.map(({ passed }) => passed)).toEqual([false, false, false]);
    },
    LIMIT_MILLISECONDS,
  );

  it(
    'fails where a GPU is asked for and TensorFlow sees none',
    async () => {
      const { code, stdout } = await run(SMALL, { WSI_TENSORFLOW: 'gpu', CUDA_VISIBLE_DEVICES: '0' });
      expect(code).toBe(1);
      expect(stdout).toContain('### Check of GPU 0');
      expect(stdout).toContain('**2 of 2 checks failed.**');
      expect(stdout).toContain('TensorFlow sees no GPU.');
    },
    LIMIT_MILLISECONDS,
  );

  it('refuses wrong options with the code for them', async () => {
    expect(await run(['--batch', '0'])).toMatchObject({
      code: 64,
      stderr: '--batch: It must be a whole number of at least 1.\n',
    });
  });
});

function network(tileSize: number): TileNetwork {
  return { encoder: { name: 'tiny' }, aggregator: { name: 'attention', hidden: 64 }, tileSize };
}

/** By parameters with 10 bits: what TF32 makes of one of the two factors of each product. */
async function roundedGradient(of: TileNetwork, n: number, shard: number): Promise<Float32Array> {
  const bag = checkedBag(of, n);
  const bits = new Uint32Array(bag.parameters.buffer);
  for (let index = 0; index < bits.length; index++) bits[index] = (bits[index]! + 0x1000) & 0xffffe000;
  const engine = await Engine.start({ network: of, threads: 1 });
  const { gradient } = await twoPassGradient(engine, bag, bag.bagGradient, shard);
  await engine.close();
  return gradient;
}
