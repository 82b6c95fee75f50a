/** The types that proto-loader's generator makes of `training.proto`, with their texts. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loaderOptions, protoPath } from './loader-options.ts';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
/** Relative to the repository's root. */
export const FOLDER = 'libraries/protocol/src/generated';

export interface GeneratedFile {
  /** Relative to the repository's root, with slashes. */
  readonly path: string;
  readonly text: string;
}

export function generatedTypes(): readonly GeneratedFile[] {
  const folder = mkdtempSync(join(tmpdir(), 'wsi-types-'));
  try {
    const generator = createRequire(import.meta.url).resolve(
      '@grpc/proto-loader/build/bin/proto-loader-gen-types.js',
    );
    const proto = relative(ROOT, protoPath).split(sep).join('/');
    const args = [generator, ...flags(), `--outDir=${folder}`, proto];
    // Each file names the .proto as it was given: from the root, wherever the repository lies.
    execFileSync(process.execPath, args, { cwd: ROOT, stdio: ['ignore', 'ignore', 'inherit'] });
    return filesOf(folder).map(({ path, text }) => ({ path: `${FOLDER}/${path}`, text }));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What is committed; nothing before the first time. */
export function committedTypes(): readonly GeneratedFile[] {
  return filesOf(join(ROOT, FOLDER)).map(({ path, text }) => ({ path: `${FOLDER}/${path}`, text }));
}

function flags(): string[] {
  const { longs, ...switches } = loaderOptions;
  return [
    `--longs=${longs.name}`,
    ...Object.entries(switches).map(([name, value]) => `--${name}=${value}`),
    '--includeComments',
    // The decoder's word has the message's name; what the encoder would take as well is not used.
    '--inputTemplate=%s__Input',
    '--outputTemplate=%s',
    '--importFileExtension=.ts',
    '--targetFileExtension=.ts',
  ];
}

function filesOf(folder: string): GeneratedFile[] {
  let names: string[];
  try {
    names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.ts'))
    .map((name) => ({
      path: name.split(sep).join('/'),
      text: readFileSync(join(folder, name), 'utf8'),
    }))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}
