import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { chosenVersion, SelectionFile, SelectionRecord } from './selection-record.ts';

describe('selection.json', () => {
  let directory: string;
  let path: string;
  const record = (): SelectionRecord => new SelectionRecord(new SelectionFile(path), { metric: 'auc' });
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'wsi-selection-'));
    path = join(directory, 'selection.json');
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  it('is taken up by the next coordinator up to its version, without the choice', async () => {
    const first = record();
    await first.open(0);
    for (const [epoch, value] of [0.5, 0.9, 0.7].entries()) {
      await first.add({ epoch, version: 3 * (epoch + 1), value });
    }
    await first.choose(6);
    expect(await chosenVersion(path)).toBe(6);
    const second = record();
    await second.open(4);
    expect(second.selected.best?.version).toBe(3);
    expect([second.has(3), second.has(6)]).toEqual([true, false]);
    // What it does not take up is gone from the disk, too.
    expect(await chosenVersion(path)).toBeUndefined();
    expect(JSON.parse(await readFile(path, 'utf8'))).toEqual({
      format: 1,
      scores: [{ epoch: 0, version: 3, value: 0.5 }],
    });
  });

  it.each([
    ['torn', '{"format":1,"scores":[{"epoch":0,'],
    ['of another format', '{"format":2,"scores":[]}'],
    ['without scores', '{"format":1}'],
    ['with a score that is a text', '{"format":1,"scores":[{"epoch":0,"version":3,"value":"0.9"}]}'],
    ['with a negative version', '{"format":1,"scores":[{"epoch":0,"version":-3,"value":0.9}]}'],
    ['with a choice that is no version', '{"format":1,"scores":[],"chosen":"latest"}'],
    ['a list', '[]'],
  ])('counts for nothing when it is %s', async (_name, text) => {
    await writeFile(path, text);
    expect(await chosenVersion(path)).toBeUndefined();
    const opened = record();
    await opened.open(9);
    expect(opened.selected.best).toBeUndefined();
  });

  it('need not be there', async () => {
    expect(await chosenVersion(path)).toBeUndefined();
  });
});
