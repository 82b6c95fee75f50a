import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { benchLeases } from './leases/leases.ts';
import { Peer } from './peer.ts';
import { formatTable } from './table.ts';

const MAIN = join(import.meta.dirname, 'main.ts');
const bench = (...args: string[]): Promise<{ stdout: string }> =>
  promisify(execFile)(process.execPath, ['--no-warnings', MAIN, ...args]);

describe('bench', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-bench-test-'));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('measures Node alone without Python, and writes one line per row', async () => {
    const quick = ['--only', 'training-step', '--encoder', 'tiny', '--rounds', '1', '--steps', '1'];
    const { stdout } = await bench(...quick, '--python', 'none', '--output', directory);
    expect(stdout).toContain('tiny: training step on 16 tiles of 64 x 64, 1 thread(s)');
    const [file] = await readdir(directory);
    const lines = (await readFile(join(directory, file!), 'utf8')).trim().split('\n');
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      expect.objectContaining({ bench: 'training-step', tileSize: 64, nodeOverThis: 1, threads: 1 }),
      expect.objectContaining({ bench: 'training-step', tileSize: 224, gradientDifference: 0 }),
    ]);
  }, 600_000);

  it.each([
    [['--rounds', 'many'], '--rounds: It must be a whole number of at least 1.'],
    [
      ['--only', 'all'],
      '--only: "all" is not one of training-step, tiles, tissue, worker, model, learns, features-training, leases.',
    ],
    [['--encoder', 'vit'], '--encoder: no encoder is called "vit".'],
  ])('refuses %j', async (args, message) => {
    await expect(bench(...args)).rejects.toMatchObject({
      code: 64,
      stderr: expect.stringContaining(message),
    });
  });
});

describe('benchLeases', () => {
  it('counts leases, bytes and memory of a real coordinator process, side by side with another checkout', async () => {
    const rows = await benchLeases({
      ...{ cases: [{ workers: 4, waiting: 10 }], rounds: 1, seconds: 1 },
      compare: join(import.meta.dirname, '../../..'),
    });
    expect(rows.map(({ workers, waiting }) => [workers, waiting])).toEqual([
      [4, 10],
      [4, 10],
    ]);
    for (const row of rows) {
      expect(row.leasesPerSecond).toBeGreaterThan(0);
      expect(row.cpuMicrosecondsPerLease).toBeGreaterThan(0);
      expect(row.longestWaits).toBeGreaterThanOrEqual(row.medianWait);
      // A gradient of the bag and its embedding out, an aggregate back: 8 KiB for 64 tiles at the least.
      expect(row.bytesPerTile).toBeGreaterThan(128);
      expect(row.bytesPerTile).toBeLessThan(512);
      expect(row.residentBytes).toBeGreaterThan(1 << 24);
    }
  }, 600_000);
});

describe('Peer', () => {
  it('reports the output of a process that ended instead of answering', async () => {
    const peer = new Peer(
      'the other side',
      process.execPath,
      ['-e', 'throw new Error("no such module")'],
      {},
    );
    await expect(peer.ask({})).rejects.toThrow(/the other side ended without an answer:[^]*no such module/);
    await peer.close();
  });

  it('reports a missing program', async () => {
    const peer = new Peer('the other side', '/no/such/program', [], {});
    await expect(peer.ask({})).rejects.toThrow('ENOENT');
    await peer.close();
  });
});

describe('formatTable', () => {
  it('aligns the first column left and the others right', () => {
    expect(
      formatTable([
        ['', 'ms'],
        ['Node', '1.5'],
        ['Python', '12.0'],
      ]),
    ).toBe(['          ms', 'Node     1.5', 'Python  12.0'].join('\n'));
  });
});
