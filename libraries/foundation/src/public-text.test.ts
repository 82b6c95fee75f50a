/** What is private unless it is said to be public: texts of errors, fields of logs. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { WsiError } from './errors.ts';
import { publicFields } from './public-fields.ts';
import { detailsOf, publicText, textFor, type PublicPart } from './public-text.ts';

const SECRET = 'Quibblexia';

describe('publicText', () => {
  it('shows its template, numbers and other public text, but no string', () => {
    const outer = publicText`line ${3}: ${publicText`the slide is missing`}`;
    expect(String(outer)).toBe('line 3: the slide is missing');
    expect(JSON.stringify({ outer })).toBe('{"outer":"line 3: the slide is missing"}');
    // The compiler refuses it; what comes past the compiler is not shown either.
    expect(String(publicText`slide ${SECRET as unknown as PublicPart}`)).toBe('slide ...');
    expect(String(publicText`slide ${{ toString: () => SECRET } as unknown as PublicPart}`)).toBe(
      'slide ...',
    );
  });
});

describe('a WsiError', () => {
  it('publishes nothing of free text', () => {
    const text = fc.string({ minLength: 1 }).map((made) => `${SECRET} ${made}`);
    fc.assert(
      fc.property(text, text, text, (problem, where, remedy) => {
        const error = new WsiError('NotFound', problem, { where, remedy, cause: new Error(where) });
        expect(error.publicMessage).toBe('a file or directory is not there');
        expect(error.message).toContain(SECRET);
      }),
    );
  });

  it('publishes its public parts, the summary of a private problem, and the name of a system error', () => {
    const parts = { where: SECRET, remedy: publicText`Copy it again.` };
    expect(new WsiError('NotFound', publicText`it is gone`, parts).publicMessage).toBe(
      'it is gone. Copy it again.',
    );
    const summary = publicText`2 of 3 slides`;
    expect(new WsiError('NotFound', SECRET, { ...parts, summary }).publicMessage).toBe(
      '2 of 3 slides. Copy it again.',
    );
    const full = Object.assign(new Error(`ENOSPC: ${SECRET}`), { code: 'ENOSPC' });
    expect(WsiError.from(full, 'StorageFailed').publicMessage).toBe(
      'a file cannot be written or read (ENOSPC)',
    );
    const odd = Object.assign(new Error(SECRET), { code: SECRET });
    expect(WsiError.from(odd).publicMessage).toBe('an unexpected fault');
  });
});

describe('publicFields', () => {
  it('keeps numbers and public text, and hides every other text at any depth', () => {
    const { fields, hidden } = publicFields({
      step: 3,
      ready: true,
      answer: publicText`yes`,
      slide: SECRET,
      list: [1, SECRET, { deep: { deeper: SECRET } }],
    });
    expect(hidden).toBe(true);
    expect(fields).toMatchObject({ step: 3, ready: true, answer: 'yes', list: [1, expect.anything(), {}] });
    expect(JSON.stringify(fields)).not.toContain(SECRET);
    expect(publicFields({ step: 3 }).hidden).toBe(false);
  });

  it('keeps the public message of an error, and its place in the program', () => {
    const thrown = new Error(`${SECRET}\n    at ${SECRET} (x.ts:1:1)`, { cause: new Error(SECRET) });
    for (const given of [
      thrown,
      { error: thrown },
      { error: new WsiError('NotFound', SECRET, { cause: thrown }) },
    ]) {
      const text = JSON.stringify(publicFields(given).fields);
      expect(text).not.toContain(SECRET);
      expect(text).toMatch(/public-text\.test/);
    }
  });

  it('terminates on an object that contains itself', () => {
    const ring: Record<string, unknown> = { name: SECRET };
    ring['ring'] = ring;
    expect(JSON.stringify(publicFields(ring).fields)).not.toContain(SECRET);
  });
});

it('details are hidden unless they are asked for', () => {
  expect([{}, { WSI_DETAILS: '' }, { WSI_DETAILS: 'yes' }, { WSI_DETAILS: 'shown' }].map(detailsOf)).toEqual([
    ...['hidden', 'hidden', 'hidden', 'shown'],
  ]);
  const text = { whole: SECRET, shown: publicText`a slide` };
  expect([textFor(text, 'shown'), textFor(text, 'hidden')]).toEqual([SECRET, 'a slide']);
});

describe('a logger', () => {
  const directory = mkdtempSync(join(tmpdir(), 'wsi-log-'));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));
  const module_ = fileURLToPath(new URL('log.ts', import.meta.url));

  /** In a process of its own: it writes to standard error. */
  function logged(privacy: string): string {
    const program = `
      import { createLogger } from ${JSON.stringify(module_)};
      const logger = createLogger({ role: 'worker', replica: 2 }, ${privacy});
      logger.info({ step: 1 }, 'applied');
      logger.warn({ slide: ${JSON.stringify(SECRET)}, line: 7 }, 'of a slide');
      logger.error(new Error(${JSON.stringify(SECRET)}));
      logger.debug({ slide: ${JSON.stringify(SECRET)} }, 'too much');
    `;
    const words = ['--no-warnings', '--input-type=module', '-e', program];
    const wrapped = `exec "$@" 2>&1`;
    return execFileSync('sh', ['-c', wrapped, 'sh', process.execPath, ...words], {
      encoding: 'utf8',
      env: { ...process.env, WSI_LOG_LEVEL: 'info' },
    });
  }

  it('hides what may be private, and keeps it in a file for its owner', () => {
    const file = join(directory, 'details.jsonl');
    const text = logged(JSON.stringify({ detailsFile: file }));
    expect(text).not.toContain(SECRET);
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatchObject({
      level: 'warn',
      role: 'worker',
      replica: 2,
      line: 7,
      message: 'of a slide',
    });
    expect(lines[1]?.['slide']).toBe('(in the output volume)');
    expect((statSync(file).mode & 0o777).toString(8)).toBe('600');
    const kept = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(kept).toHaveLength(2);
    expect(kept[0]).toContain(`"slide":"${SECRET}"`);
  });

  it("hides it without a file, too, and shows everything in the user's own run", () => {
    expect(logged('{}')).not.toContain(SECRET);
    expect(logged("{ detailsFile: '/nowhere/at/all' }")).not.toContain(SECRET);
    // Nobody is sent to where it is not.
    for (const privacy of ['{}', "{ detailsFile: '/nowhere/at/all' }"]) {
      expect(logged(privacy)).toContain('"slide":"(hidden)"');
    }
    expect(logged("{ details: 'shown' }")).toContain(`"slide":"${SECRET}"`);
  });
});
