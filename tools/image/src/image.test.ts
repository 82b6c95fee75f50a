import { createHash } from 'node:crypto';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, posix } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { configurationOf } from './build-image.ts';
import { imageContent, targets } from './contents.ts';
import { qualifiedName, writeImageArchive, writeLayer } from './oci-archive.ts';
import type { TarEntry } from './tar.ts';

const ROOT = new URL('../../../', import.meta.url).pathname.replace(/\/$/, '');
const LONG = `app/${'a-folder-with-a-long-name/'.repeat(8)}file.txt`;
const entries: TarEntry[] = [
  { path: 'app', content: { kind: 'directory' } },
  { path: 'app/run', mode: 0o755, content: { kind: 'bytes', bytes: '#!/bin/sh\n' } },
  { path: 'app/link', content: { kind: 'link', target: 'run' } },
  { path: LONG, content: { kind: 'bytes', bytes: 'é\n' } },
];

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'wsi-image-'));
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

async function archive(name: string): Promise<string> {
  const layer = join(directory, `${name}.layer`);
  const file = join(directory, `${name}.tar`);
  const written = await writeLayer(layer, entries);
  await writeImageArchive(file, configurationOf('operator', 'wsi-operator/operator:1.2.3'), [
    { ...written, file: layer, description: 'project' },
  ]);
  return file;
}

interface Descriptor {
  readonly digest: string;
  readonly size: number;
}
interface Index {
  readonly manifests: readonly (Descriptor & { readonly annotations: Readonly<Record<string, string>> })[];
}
interface Manifest {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
}
interface Config {
  readonly config: object;
  readonly rootfs: { readonly diff_ids: readonly string[] };
}

const sha256 = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const tar = (...args: string[]): string => execFileSync('tar', args, { encoding: 'utf8' });

describe('an image archive', () => {
  it('is an OCI image layout in which every blob is what its digest says', async () => {
    const folder = join(directory, 'layout');
    execFileSync('mkdir', [folder]);
    tar('-xf', await archive('one'), '-C', folder);
    const json = (path: string): unknown => JSON.parse(readFileSync(join(folder, path), 'utf8'));
    const blob = ({ digest, size }: Descriptor): string => {
      const path = `blobs/${digest.replace(':', '/')}`;
      const bytes = readFileSync(join(folder, path));
      expect(`sha256:${sha256(bytes)}`).toBe(digest);
      expect(bytes.length).toBe(size);
      return path;
    };
    expect(json('oci-layout')).toEqual({ imageLayoutVersion: '1.0.0' });
    const listed = (json('index.json') as Index).manifests[0]!;
    expect(listed.annotations['io.containerd.image.name']).toBe('docker.io/wsi-operator/operator:1.2.3');
    const manifest = json(blob(listed)) as Manifest;
    const config = json(blob(manifest.config)) as Config;
    expect(config.config).toMatchObject({
      User: '65532:65532',
      Entrypoint: ['/usr/local/bin/node', '/app/operator/src/main.ts'],
    });
    const layer = manifest.layers[0]!;
    const content = zstdDecompressSync(readFileSync(join(folder, blob(layer))));
    expect(config.rootfs.diff_ids).toEqual([`sha256:${sha256(content)}`]);
  });

  it('is reproducible bit by bit', async () => {
    const [one, other] = [await archive('one'), await archive('other')];
    expect(sha256(readFileSync(one))).toBe(sha256(readFileSync(other)));
  });

  it("has layers that the system's tar reads: long names, modes, links", async () => {
    const layer = join(directory, 'layer');
    await writeLayer(layer, entries);
    const plain = join(directory, 'plain.tar');
    writeFileSync(plain, zstdDecompressSync(readFileSync(layer)));
    const listing = tar('-tvf', plain);
    expect(listing).toMatch(/^-rwxr-xr-x .* app\/run$/m);
    expect(listing).toMatch(/^l.* app\/link -> run$/m);
    expect(tar('-xOf', plain, LONG)).toBe('é\n');
  });

  it('has the name that clusters use', () => {
    expect(qualifiedName('wsi-operator/trainer:1')).toBe('docker.io/wsi-operator/trainer:1');
    expect(qualifiedName('example.org/lab/trainer:1')).toBe('example.org/lab/trainer:1');
  });
});

/** Files that a source imports or starts: by a relative path, or as a part of another workspace (`.../testing`). */
function namedFiles(path: string, source: string): { path: string; named: string }[] {
  const relative = [
    ...source.matchAll(/^(?:import|export)\b[^;]*?\bfrom '(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm),
    ...source.matchAll(/new URL\('(\.[^']+\.\w+)', import\.meta\.url\)/g),
  ].map((match) => posix.join(posix.dirname(path), match[1] ?? match[2] ?? ''));
  const testing = [...source.matchAll(/from '(@wsi-operator\/\w+\/testing[^']*)'/g)].map(
    ([, name]) => name ?? '',
  );
  return [...relative, ...testing].map((named) => ({ path, named }));
}

describe('the content of the image', () => {
  const paths = (target: 'operator' | 'trainer'): string[] =>
    imageContent(ROOT, target).flatMap((layer) => layer.entries.map(({ path }) => path));

  it('of the operator has no TensorFlow, that of the trainer no Kubernetes client', () => {
    const [operator, trainer] = [paths('operator'), paths('trainer')];
    expect(operator).toContain('app/operator/src/main.ts');
    expect(trainer).toContain('app/trainer/src/main.ts');
    expect(operator.filter((path) => /tensorflow|openslide|app\/trainer\//.test(path))).toEqual([]);
    expect(trainer.filter((path) => /kubernetes|app\/(operator|libraries\/controller)\//.test(path))).toEqual(
      [],
    );
    expect(trainer.some((path) => path.includes('libtensorflow'))).toBe(true);
    const runtimes = trainer.filter((path) => /onnxruntime-node\/bin\/.*libonnxruntime|DirectML/.test(path));
    expect(runtimes).toEqual([expect.stringContaining(`/${process.platform}/${process.arch}/`)]);
  });

  it.each(targets)('of the %s has no tests, none of their helpers, and every file once', (target) => {
    const all = imageContent(ROOT, target)
      .flatMap((layer) => layer.entries)
      .flatMap(({ path, content }) => (content.kind === 'directory' ? [] : [path]));
    const own = all.filter((path) => /^app\/(?!node_modules\/)/.test(path));
    expect(own.length).toBeGreaterThan(50);
    expect(own.filter((path) => /\.(test|e2e|fixture)\.|\/testing\/|\.py$/.test(path))).toEqual([]);
    expect(own.filter((path) => /^app\/(tools\/(?!setup\/)|e2e|cli|helm|docs)/.test(path))).toEqual([]);
    expect(
      all.filter((path) =>
        /\/node_modules\/(@[^/]+\/)?[^/]+\/(tests?|__tests__)\/|\.test\.[cm]?js$/.test(path),
      ),
    ).toEqual([]);
    expect(new Set(all).size).toBe(all.length);
  });

  it.each(targets)('of the %s has every file that its own sources name', (target) => {
    const files = new Map(
      imageContent(ROOT, target)
        .flatMap((layer) => layer.entries)
        .flatMap(({ path, content }) => (content.kind === 'directory' ? [] : [[path, content] as const])),
    );
    const absent = [...files]
      .filter(([path]) => /^app\/(?!node_modules\/).*\.m?ts$/.test(path) && !path.endsWith('.d.ts'))
      .flatMap(([path, content]) =>
        content.kind === 'file' ? namedFiles(path, readFileSync(content.from, 'utf8')) : [],
      )
      .filter(({ named }) => !files.has(named))
      // Runs a job on this machine, where the repository is, and is not started in an image.
      .filter(({ path }) => path !== 'app/operator/src/local-run.ts');
    expect(absent).toEqual([]);
  });
});

describe('the Dockerfile', () => {
  const text = readFileSync(join(ROOT, 'tools/image/Dockerfile'), 'utf8');
  const all = (pattern: RegExp): string[] => [...text.matchAll(pattern)].map(([, one]) => one ?? '');

  it('names existing stages, and starts the same programs as the archives', () => {
    const stages = all(/^FROM \S+ AS (\S+)$/gm);
    expect(stages).toEqual(['build', 'base', 'operator', 'trainer']);
    for (const from of all(/--from=(\S+)/g)) expect(stages).toContain(from);
    for (const target of ['operator', 'trainer'] as const) {
      const { entrypoint, user } = configurationOf(target, `wsi-operator/${target}:1`);
      expect(text).toContain(`ENTRYPOINT ${JSON.stringify(entrypoint).replaceAll(',', ', ')}`);
      expect(text).toContain(`USER ${user}`);
    }
  });

  it('has the Node of the set-up', () => {
    const versions = readFileSync(join(ROOT, 'tools/setup/versions.mjs'), 'utf8');
    const [version = ''] = all(/^ARG NODE_VERSION=(\S+)$/gm);
    expect(versions).toContain(version);
    expect(existsSync(join(ROOT, '.dockerignore'))).toBe(true);
  });
});
