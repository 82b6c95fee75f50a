/** The Python in docs/features.md reads the files that are written here. */
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FeatureWriter } from '@wsi-operator/features';
import { readSetup } from '@wsi-operator/setup/locations';

const { pythonReference } = readSetup();
const whenSetUp = pythonReference === null ? describe.skip : describe;
const text = readFileSync(new URL('./features.md', import.meta.url), 'utf8');
const snippets = [...text.matchAll(/^```python\n([^]*?)^```/gmu)].map(([, code]) => code);

it('docs/features.md has snippets', () => {
  expect(snippets.length).toBeGreaterThan(1);
});

whenSetUp('the snippets of docs/features.md (skipped without the Python of the set-up)', () => {
  let directory;
  beforeAll(async () => {
    directory = mkdtempSync(join(tmpdir(), 'wsi-docs-features-'));
    const writer = new FeatureWriter();
    for (const slide of ['slide-0001', 'slide-0002']) {
      const content = {
        layout: 'trident',
        size: 4,
        key: {
          encoder: 'tiny',
          encoderDigest: 'a'.repeat(64),
          patches: '{}',
          slideFingerprint: 'b'.repeat(64),
          toolVersion: '0',
        },
        slide,
        width: 1000,
        height: 800,
        tile: { side: 64, level0Side: 128, overlap: 0, resolution: { mpp: 0.5, level0Mpp: 0.25 } },
      };
      const part = {
        features: Float32Array.from({ length: 12 }, (_, index) => index / 8),
        coordinates: Float64Array.of(0, 0, 128, 0, 0, 128),
      };
      await writer.write(join(directory, 'features', `${slide}.h5`), content, [part]);
    }
    await writer.close();
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  const run = (code) =>
    execFileSync(pythonReference, ['-c', code], { cwd: directory, encoding: 'utf8' }).trim();

  it('each runs as it stands', () => {
    for (const snippet of snippets) expect(run(snippet)).toBe('');
  });

  it('have the numbers, the places and the encoder of the file', () => {
    const shown = `print(features.tolist()[-1], coords.tolist(), int(side), encoder, digest == 'a' * 64)`;
    expect(run(`${snippets[0]}\n${shown}`)).toBe(
      '[1.0, 1.125, 1.25, 1.375] [[0, 0], [128, 0], [0, 128]] 128 tiny True',
    );
    expect(run(`${snippets[1]}\nprint(sorted(bags), bags['slide-0002'].shape)`)).toBe(
      "['slide-0001', 'slide-0002'] (3, 4)",
    );
  });
});
