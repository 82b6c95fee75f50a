/** Every parser, with what it once stumbled over, and with some new inputs: `npm run fuzz` tries more of them. */
import { afterAll, describe, expect, it } from '@jest/globals';
import { campaign } from './campaign.ts';
import { readCorpus } from './corpus.ts';
import { targets } from './targets/index.ts';

const NEW_INPUTS = 200;
/** These open files, decode pictures or ask a server. */
const SLOW: ReadonlySet<string> = new Set(['slide', 'dicom', 's3-listing']);

describe.each(targets.map((target) => [target.name, target] as const))('%s', (name, target) => {
  afterAll(() => target.close?.());

  it('returns a value, or fails with a place and a remedy', async () => {
    const corpus = await readCorpus(name);
    const inputs = corpus.length + (await target.seeds()).length + (SLOW.has(name) ? 60 : NEW_INPUTS);
    const counts = await campaign(target, { seed: 1, corpus, more: (done) => done < inputs });
    expect(counts.findings.map(({ what }) => what)).toEqual([]);
    expect(counts.inputs).toBe(inputs);
    // What only refuses, or takes everything, has not been tried.
    expect(counts.values).toBeGreaterThan(0);
  });
});
