import { describe, expect, it } from '@jest/globals';
import { readOptions } from './options.ts';
import { formatReport, hasPassed } from './report.ts';
import { failedVerdict, repeatedBytesVerdict } from './verdicts.ts';

const MIB = 2 ** 20;
const MACHINE = {
  type: 'gpu' as const,
  devices: [
    { name: 'NVIDIA A100', visible: 'GPU-1' },
    { name: 'NVIDIA A100', visible: 'GPU-2' },
  ],
  remarks: ['The references were computed on the processor.'],
};
const MEASUREMENT = {
  encoder: 'resnet18',
  batch: 64,
  tileSize: 224,
  speed: {
    kind: 'speed' as const,
    digests: ['a', 'a'],
    forwardTilesPerSecond: 3000,
    gradientTilesPerSecond: 1500,
    processors: 1.234,
    engineShare: 0.975,
    peakMemoryBytes: 2.5e9,
  },
  device: {
    samples: 9,
    medianUtilisation: 93,
    peakMemoryBytes: 5000 * MIB,
    memoryTotalBytes: 40960 * MIB,
    medianWatts: undefined,
  },
};
const CIRCUMSTANCES = { day: '2026-12-01', versions: 'TensorFlow 2.21.0 (gpu)', threads: 1 };
const PASSED = repeatedBytesVerdict('tiny', ['abc', 'abc']);
const FAILED = failedVerdict('gradient', 'tiny', 'TensorFlow failed\n(a|b).');

describe('the report', () => {
  it('is Markdown with the verdicts and the measurements', () => {
    const findings = { verdicts: [PASSED], measurements: [MEASUREMENT], notes: ['A note.'] };
    const report = formatReport(findings, MACHINE, CIRCUMSTANCES);
    expect(report).toContain('### Check of 2 x NVIDIA A100\n');
    expect(report).toContain('1 thread. The references were computed on the processor.');
    expect(report).toContain('All 1 checks passed.');
    expect(report).toContain(
      '| same bytes again in a process | tiny | abc, 2 times | one digest | passed  |',
    );
    const cells = report.split('\n').find((line) => line.startsWith('| resnet18'))!;
    expect(cells.split('|').map((cell) => cell.trim())).toEqual([
      ...['', 'resnet18, 224 px', '64', '3,000', '1,500', '1,000', '2,500', '5,243 of 42,950', '93', '-'],
      ...['1.23', '97.5', ''],
    ]);
    expect(report.endsWith('\n\nA note.')).toBe(true);
  });

  it('says which checks failed, on one line each', () => {
    const report = formatReport(
      { verdicts: [PASSED, FAILED], measurements: [], notes: [] },
      MACHINE,
      CIRCUMSTANCES,
    );
    expect(report).toContain('**1 of 2 checks failed.**');
    expect(report).toMatch(
      /^\| gradient +\| tiny \| TensorFlow failed \(a\\\|b\)\. \| an answer +\| \*\*failed\*\* \|$/m,
    );
    expect(report).not.toContain('cores busy');
  });
});

describe('the command', () => {
  it('has passed when all checks have, and not without any', () => {
    expect(hasPassed({ verdicts: [PASSED] })).toBe(true);
    expect(hasPassed({ verdicts: [PASSED, FAILED] })).toBe(false);
    expect(hasPassed({ verdicts: [] })).toBe(false);
  });

  it('takes the device of the environment, unless another is named', () => {
    const deviceOf = (args: string[], environment: Record<string, string>): string =>
      readOptions(args, environment)!.device;
    expect(deviceOf([], {})).toBe('cpu');
    expect(deviceOf([], { WSI_TENSORFLOW: 'gpu' })).toBe('gpu');
    expect(deviceOf(['--device', 'cpu'], { WSI_TENSORFLOW: 'gpu' })).toBe('cpu');
  });

  it('takes several encoders and batches', () => {
    const { encoders, batches } = readOptions(
      ['--encoder', 'tiny', '--encoder', 'resnet18', '--batch', '8,32'],
      {},
    )!;
    expect([encoders, batches]).toEqual([
      ['tiny', 'resnet18'],
      [8, 32],
    ]);
  });

  it.each([
    [['--encoder', 'vit'], '--encoder: no encoder is called "vit".'],
    [['--batch', '8,'], '--batch: It must be a whole number of at least 1.'],
    [['--tiles', '1'], '--tiles: It must be a whole number of at least 2.'],
    [['--seconds', 'long'], '--seconds: It must be a number of at least 0.'],
    [['--device', 'tpu'], '--device: "tpu" is neither cpu nor gpu.'],
    [['--all'], "Unknown option '--all'"],
    [['all'], "Unexpected argument 'all'"],
  ])('refuses %j', (args, message) => {
    expect(() => readOptions(args, {})).toThrow(message);
  });
});
