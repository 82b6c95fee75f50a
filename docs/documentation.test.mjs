/** What the documents say about files, scripts and commands is true of the repository. */
import { beforeAll, describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { AGGREGATORS, checkManifest, ENCODERS, HEADS } from '@wsi-operator/api';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const MAIN = join(ROOT, 'cli', 'src', 'main.ts');

/** Markdown files of the repository, as paths from its root. */
function markdownFiles(directory = ROOT) {
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    if (entry.name === 'node_modules' || entry.name === 'output' || entry.name.startsWith('.')) return [];
    if (entry.isDirectory()) return markdownFiles(path);
    return entry.name.endsWith('.md') ? [relative(ROOT, path)] : [];
  });
}

/** The anchors that GitHub gives a document's headings. */
function anchorsOf(text) {
  const headings = withoutCodeBlocks(text).match(/^#{1,6} .*$/gmu) ?? [];
  return headings.map((heading) =>
    heading
      .replace(/^#+ /u, '')
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

function withoutCodeBlocks(text) {
  return text.replaceAll(/^ *```[^]*?^ *```/gmu, '');
}

/** Whole jobs in code blocks, without the indentation of a list. */
function jobsOf(text) {
  const blocks = [...text.matchAll(/^( *)```yaml\n([^]*?)^ *```/gmu)];
  return blocks
    .map(([, indentation, code]) => code.replaceAll(new RegExp(`^${indentation}`, 'gmu'), ''))
    .filter((code) => code.includes('kind: WsiTrainingJob'));
}

/** The lines of code blocks and the pieces of inline code. */
function codeOf(text) {
  const blocks = [...text.matchAll(/^ *```\w*\n([^]*?)^ *```/gmu)].map(([, code]) => code);
  const inline = [...withoutCodeBlocks(text).matchAll(/`([^`\n]+)`/gu)].map(([, code]) => code);
  return [...blocks.flatMap((block) => block.split('\n')), ...inline];
}

function brokenLinks(file, text) {
  const links = [...withoutCodeBlocks(text).matchAll(/\]\(([^)\s]+)\)/gu)].map(([, target]) => target);
  return links.filter((target) => {
    if (/^[a-z]+:/u.test(target)) return false;
    const [path, anchor] = target.split('#');
    const full = path === '' ? join(ROOT, file) : join(ROOT, dirname(file), path);
    if (!existsSync(full)) return true;
    return anchor !== undefined && !anchorsOf(readFileSync(full, 'utf8')).includes(anchor);
  });
}

/** Files and folders of the repository that are named in inline code, such as `libraries/engine/src/graph/layers.ts`. */
function missingPaths(text, folders) {
  const named = [...withoutCodeBlocks(text).matchAll(/`([\w.-]+\/[\w./-]*)`/gu)].map(([, path]) => path);
  return named.filter((path) => folders.includes(path.split('/')[0]) && !existsSync(join(ROOT, path)));
}

/** `wsi COMMAND ...` in code, up to a comment: the command and its long options. */
function wsiCallsOf(text) {
  return codeOf(text).flatMap((line) =>
    [
      ...line.replace(/\s#.*$/u, '').matchAll(/(?:^|[\s|])wsi ((?:(?:cohort|encoder) )?[a-z]+)\b([^|&]*)/gu),
    ].map(([, command, rest]) => ({
      command,
      options: rest.match(/(?<=\s)--[a-z][a-z-]*/gu) ?? [],
    })),
  );
}

const documents = markdownFiles().map((file) => ({ file, text: readFileSync(join(ROOT, file), 'utf8') }));

describe.each(documents)('$file', ({ file, text }) => {
  it('links to what is there', () => {
    expect(brokenLinks(file, text)).toEqual([]);
  });

  it('names files that are there', () => {
    const folders = readdirSync(ROOT, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name !== 'output' && entry.name !== 'node_modules')
      .map(({ name }) => name);
    // Also as if packages were at the top: where they once were.
    const packages = ['libraries', 'tools'].flatMap((room) => readdirSync(join(ROOT, room)));
    expect(missingPaths(text, [...folders, ...packages])).toEqual([]);
  });

  it('names npm scripts that package.json has', () => {
    const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
    const named = [...text.matchAll(/npm run (?:--silent )?([a-z][a-z0-9:-]*)/gu)].map(
      ([, script]) => script,
    );
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
  });

  it('shows jobs that are valid', () => {
    for (const job of jobsOf(text)) expect(checkManifest(job, file).problems ?? []).toEqual([]);
  });

  it('does not have the public registry asked for `wsi`', () => {
    expect(codeOf(text).filter((line) => /^(?:\$ )?npx wsi ./u.test(line))).toEqual([]);
  });

  it('has no paths of one machine', () => {
    expect(text.match(/(?<![\w.$-])\/(?:work|root|home|tmp|Users)\/[^\s`)]*/gu) ?? []).toEqual([]);
  });
});

it('a job is found in the README', () => {
  expect(jobsOf(documents.find(({ file }) => file === 'README.md').text)).toHaveLength(1);
});

describe('the files that the README says to read first', () => {
  const readme = documents.find(({ file }) => file === 'README.md').text;
  const list = readme.split('Read these six files first')[1]?.split('\n\n')[1] ?? '';
  const files = [...list.matchAll(/^\d+\. `([^`]+)`/gmu)].map(([, file]) => file);

  it('are six', () => {
    expect(files).toHaveLength(6);
  });

  it.each(files)('%s is there, and begins with a comment that says what it is', (file) => {
    const [, comment = ''] = /^\/\*\*(.*?)\*\//su.exec(readFileSync(join(ROOT, file), 'utf8')) ?? [];
    const words = comment
      .replaceAll(/^\s*\*/gmu, '')
      .trim()
      .split(/\s+/u);
    expect(words.length).toBeGreaterThanOrEqual(20);
  });
});

describe('the commands in the documents', () => {
  const calls = documents.flatMap(({ file, text }) => wsiCallsOf(text).map((call) => ({ file, ...call })));
  /** Help texts by command. */
  const help = new Map();

  beforeAll(async () => {
    const commands = [...new Set(calls.map(({ command }) => command))];
    const run = promisify(execFile);
    await Promise.all(
      commands.map(async (command) => {
        // An unknown command ends with an error: it has no help.
        const shown = await run(process.execPath, [
          '--no-warnings',
          MAIN,
          ...command.split(' '),
          '--help',
        ]).catch(() => undefined);
        help.set(command, shown?.stdout);
      }),
    );
  });

  it('are found', () => {
    expect(new Set(calls.map(({ command }) => command)).size).toBeGreaterThan(6);
  });

  it('exist', () => {
    expect(calls.filter(({ command }) => help.get(command) === undefined)).toEqual([]);
  });

  it('have the options that are given', () => {
    const unknown = calls.flatMap(({ file, command, options }) =>
      options
        .filter((option) => !new RegExp(`${option}(?![\\w-])`, 'u').test(help.get(command) ?? ''))
        .map((option) => `${file}: wsi ${command} ${option}`),
    );
    expect(unknown).toEqual([]);
  });
});

it('every row of the threat model names the tests that try it', () => {
  const { text } = documents.find(({ file }) => file === 'docs/threat-model.md');
  const rows = text.split('\n').filter((line) => line.startsWith('|'));
  const tables = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  let tested = false;
  const without = tables.filter((cells, index) => {
    const isHeader = /^:?-+/u.test(tables[index + 1]?.[1] ?? '');
    if (isHeader) tested = cells.at(-2) === 'test';
    const isRow = !isHeader && !/^:?-+/u.test(cells[1]);
    return isRow && tested && !/`[\w./-]+\.(?:test\.(?:ts|mjs)|e2e\.ts)`/u.test(cells.at(-2));
  });
  expect(without).toEqual([]);
  expect(rows.length).toBeGreaterThan(40);
});

it.each(Object.entries({ ENCODERS, AGGREGATORS, HEADS }))('the README names all %s', (_, table) => {
  const status = documents.find(({ file }) => file === 'README.md').text.split('## Status')[1];
  expect(Object.keys(table).filter((name) => !status.includes(`\`${name}\``))).toEqual([]);
});
