/** Real commands on names and texts that would command a terminal: what they write holds no such character. */
import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { formatTable } from '../cluster/table.ts';
import { EXIT_CODES } from '../exit-codes.ts';
import { lineDisplay } from '../progress/display.ts';
import { rendered } from './printable.ts';

const main = fileURLToPath(new URL('../main.ts', import.meta.url));
const kubectl = fileURLToPath(new URL('../kubectl-plugin.ts', import.meta.url));

/** Clears the screen, sets the title, turns the direction, hides itself; a file's name may hold all of it. */
const HOSTILE = 'x\u001b[2J\u001b]0;owned\u0007\u009b31m\u202egnp\u200b\u2028\ty\u007f';
const COMMANDING = /[^\P{Cc}\n\t]|[\p{Cf}\p{Zl}\p{Zp}]/u;

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'wsi-escapes-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

function written(program: string, ...words: string[]): string {
  const { stdout, stderr } = spawnSync(process.execPath, ['--no-warnings', program, ...words], {
    encoding: 'utf8',
    cwd: directory,
    env: { ...process.env, WSI_LOG_LEVEL: 'debug', KUBECONFIG: join(directory, 'absent') },
  });
  return `${stdout}${stderr}`;
}

describe('an error outside of a command', () => {
  it.each(['throw error', 'void Promise.reject(error)'])(
    'by %s is printed with its control characters escaped',
    async (fault) => {
      const script = join(directory, 'fault.mjs');
      await writeFile(
        script,
        `import { Command } from ${JSON.stringify(import.meta.resolve('commander'))};
       import { execute } from ${JSON.stringify(new URL('../execute.ts', import.meta.url).href)};
       const error = new Error(${JSON.stringify(HOSTILE)});
       await execute(new Command('wsi').action(() => void setTimeout(() => { ${fault}; })));`,
      );
      const shown = written(script);
      expect(shown).toContain(`wsi: x${String.raw`\u001b[2J`}`);
      expect(shown).not.toMatch(COMMANDING);
      expect(spawnSync(process.execPath, ['--no-warnings', script]).status).toBe(EXIT_CODES.internal);
    },
  );
});

describe('every command', () => {
  const cases: [string, () => Promise<string> | string][] = [
    ['a missing slide', () => written(main, 'inspect', `${HOSTILE}.svs`)],
    [
      'a file that is not a slide',
      async () => {
        await writeFile(join(directory, `${HOSTILE}.tiff`), HOSTILE);
        return written(main, 'inspect', `${HOSTILE}.tiff`) + written(main, 'inspect', '--json', '.');
      },
    ],
    ['an unknown option', () => written(main, `--${HOSTILE}`)],
    ['an unknown command', () => written(kubectl, HOSTILE)],
    [
      'a manifest with hostile fields',
      async () => {
        const manifest = {
          apiVersion: HOSTILE,
          kind: HOSTILE,
          metadata: { name: HOSTILE },
          spec: { [HOSTILE]: 1 },
        };
        await writeFile(join(directory, 'job.json'), JSON.stringify(manifest));
        return written(main, 'validate', 'job.json') + written(main, 'validate', '--json', 'job.json');
      },
    ],
    [
      'a manifest that is not YAML',
      async () => {
        await writeFile(join(directory, 'job.yaml'), `a: [\u001b[2J\u202e`);
        return (
          written(main, 'run', 'job.yaml', '-o', 'out') +
          written(kubectl, 'submit', 'job.yaml', '--dry-run=client')
        );
      },
    ],
    [
      'a run with a hostile status',
      async () => {
        const output = join(directory, 'run');
        await mkdir(output, { recursive: true });
        await writeFile(join(output, 'status.json'), JSON.stringify({ phase: 'Running', message: HOSTILE }));
        return (
          written(main, 'status', output) + written(main, 'explain', output) + written(main, 'report', output)
        );
      },
    ],
  ];

  it.each(cases)('escapes control characters of %s', async (_name, run) => {
    const text = await run();
    expect(text.length).toBeGreaterThan(20);
    expect(COMMANDING.exec(text)?.[0]).toBeUndefined();
  });
});

it('a table cell is one line', () => {
  expect(formatTable(['NAME', 'AGE'], [['a\nb', '1']])).toBe('NAME  AGE\n' + String.raw`a\nb  1` + '\n');
});

it('a status cannot send escape sequences to the terminal', () => {
  let shown = '';
  const clock = { now: () => 0, monotonic: () => 0, sleep: () => Promise.resolve() };
  const display = lineDisplay({ write: (text) => void (shown += rendered(text)) }, clock);
  display.status({ phase: 'Running', message: HOSTILE, metrics: { [HOSTILE]: 1 } });
  display.say(HOSTILE);
  expect(shown).toContain(String.raw`\u001b[2J`);
  expect(COMMANDING.test(shown)).toBe(false);
});
