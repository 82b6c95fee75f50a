/**
 * What is in the images, layer by layer; what changes seldom comes first.
 *
 *   base          the pinned Node, the C and C++ libraries, certificate authorities, users
 *   tensorflow    TensorFlow's library and OpenSlide (trainer only)
 *   dependencies  node_modules of the image's workspaces, TensorFlow's binding
 *   project       the workspaces' source, which Node runs as it is
 *   licences      what all of that is licensed under
 */
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates } from 'node:tls';
import { WsiError } from '@wsi-operator/foundation';
import { readSetup } from '@wsi-operator/setup/locations';
import {
  joined,
  nodeComponent,
  notice,
  npmComponents,
  openslideComponent,
  systemComponents,
  tensorflowComponent,
  type Components,
} from './components.ts';
import { fileEntry, folderEntries, withParents } from './folder-entries.ts';
import { installedIn, packageClosure, readLock, type Closure } from './package-closure.ts';
import { isElf, nameServiceLibraries, systemLibraries } from './shared-libraries.ts';
import type { TarEntry } from './tar.ts';

export const targets = ['operator', 'trainer'] as const;
export type Target = (typeof targets)[number];

export interface LayerContent {
  readonly name: string;
  readonly entries: readonly TarEntry[];
  /** Whether it is worth keeping: it is large, and the same for many images. */
  readonly kept: boolean;
}

/** Neither root nor a user of the host: the number that distroless images use. */
export const USER = 65532;
const APP = 'app';
const TENSORFLOW = 'opt/tensorflow';
const OPENSLIDE = 'opt/openslide';
const TENSORFLOW_LIBRARIES = ['libtensorflow_cc.so.2', 'libtensorflow_framework.so.2'];
const BINDING = 'node_modules/@tensorflow/tfjs-node';

/** @param root the repository, set up */
export function imageContent(root: string, target: Target): LayerContent[] {
  const closure = packageClosure(readLock(root), target, installedIn(root));
  const trainer = target === 'trainer';
  return [
    { name: 'base', entries: baseEntries(), kept: true },
    ...(trainer ? [{ name: 'tensorflow', entries: nativeEntries(root), kept: true }] : []),
    { name: 'dependencies', entries: dependencyEntries(root, closure), kept: true },
    { name: 'project', entries: projectEntries(root, target, closure), kept: false },
    { name: 'licences', entries: licenceEntries(imageComponents(root, target)), kept: false },
  ];
}

/** What the image has besides the project itself. */
export function imageComponents(root: string, target: Target): Components {
  const { node, openslideLibrary } = setup();
  const { nodeVersion, tensorflowVersion } = readSetup();
  const lock = readLock(root);
  const native =
    target === 'trainer'
      ? [
          openslideComponent(root, openslideLibrary),
          tensorflowComponent(root, tensorflowFolder(root), tensorflowVersion ?? ''),
        ]
      : [];
  const system = [...baseEntries(), ...(target === 'trainer' ? nativeEntries(root) : [])]
    .filter(({ path }) => /^(usr\/)?lib(32|64)?\//.test(path))
    .flatMap(({ content }) => (content.kind === 'file' ? [content.from] : []));
  return joined([
    nodeComponent(node, nodeVersion ?? ''),
    ...native,
    systemComponents(system),
    npmComponents(root, lock, packageClosure(lock, target, installedIn(root)).packages),
  ]);
}

/** Files that the image is made from besides the repository, with their names; npm packages by what locks them. */
export function nativeInputs(root: string, target: Target): (readonly [string, string])[] {
  const { node, openslideLibrary } = setup();
  const shared = [
    ['package-lock.json', join(root, 'package-lock.json')],
    ['node', node],
  ] as const;
  if (target === 'operator') return [...shared];
  const lib = join(tensorflowFolder(root), 'lib');
  return [
    ...shared,
    ['libopenslide', openslideLibrary],
    ...TENSORFLOW_LIBRARIES.map((name) => [name, join(lib, name)] as const),
  ];
}

function licenceEntries({ list, entries }: Components): TarEntry[] {
  return withParents([notice(list), ...entries]);
}

function setup(): { node: string; openslideLibrary: string } {
  const { node, openslideLibrary } = readSetup();
  if (node !== null && openslideLibrary !== null) return { node, openslideLibrary };
  throw new WsiError('NotFound', 'The project is not set up', { remedy: 'Run: npm run setup' });
}

function baseEntries(): TarEntry[] {
  const { node } = setup();
  const needed = systemLibraries([node]);
  const authorities = [...rootCertificates].sort().join('\n');
  const text = (path: string, bytes: string): TarEntry => ({ path, content: { kind: 'bytes', bytes } });
  return withParents([
    fileEntry(node, 'usr/local/bin/node'),
    ...[...needed, ...nameServiceLibraries(needed)].map(({ path, file }) => fileEntry(file, path.slice(1))),
    // Those that Node itself trusts, so that the image is the same wherever it is made.
    text('etc/ssl/certs/ca-certificates.crt', `${authorities}\n`),
    text('etc/passwd', `root:x:0:0:root:/:/sbin/nologin\nwsi:x:${USER}:${USER}:wsi:/tmp:/sbin/nologin\n`),
    text('etc/group', `root:x:0:\nwsi:x:${USER}:\n`),
    text('etc/nsswitch.conf', 'passwd: files\ngroup: files\nhosts: files dns\n'),
    { path: 'tmp', mode: 0o1777, content: { kind: 'directory' } },
  ]);
}

function nativeEntries(root: string): TarEntry[] {
  const tensorflow = tensorflowFolder(root);
  const { openslideLibrary } = setup();
  const libraries = ['lib', 'nvidia', 'licenses']
    .filter((part) => existsSync(join(tensorflow, part)))
    .flatMap((part) => folderEntries(join(tensorflow, part), `${TENSORFLOW}/${part}`));
  const binaries = TENSORFLOW_LIBRARIES.map((name) => join(tensorflow, 'lib', name));
  const inBase = new Set(baseEntries().map(({ path }) => path));
  const needed = systemLibraries([...binaries, openslideLibrary, ...nativeAddons(root)]);
  return withParents([
    ...libraries,
    fileEntry(
      openslideLibrary,
      `${OPENSLIDE}/${openslideLibrary.slice(openslideLibrary.lastIndexOf('/') + 1)}`,
    ),
    ...needed.map(({ path, file }) => fileEntry(file, path.slice(1))).filter(({ path }) => !inBase.has(path)),
  ]);
}

/** Where the set-up has put TensorFlow: what tfjs-node's `deps` is a link to. */
function tensorflowFolder(root: string): string {
  const link = join(root, BINDING, 'deps');
  if (existsSync(link)) return readlinkSync(link);
  throw new WsiError('NotFound', 'TensorFlow is not set up', {
    where: link,
    remedy: 'Run npm run setup, without WSI_TENSORFLOW=none.',
  });
}

/** Libraries that the trainer's packages bring for this platform. */
function nativeAddons(root: string): string[] {
  const closure = packageClosure(readLock(root), 'trainer', installedIn(root));
  return closure.packages
    .flatMap((folder) => folderEntries(join(root, folder), folder, isRunTimeFile))
    .flatMap(({ content }) => (content.kind === 'file' ? [content.from] : []))
    .filter((file) => /\.(node|so(\.[\d.]+)?)$/.test(file) && isElf(file));
}

function dependencyEntries(root: string, closure: Closure): TarEntry[] {
  const entries = closure.packages.flatMap((folder) =>
    folderEntries(join(root, folder), `${APP}/${folder}`, isRunTimeFile),
  );
  const links = closure.workspaces.map((folder): TarEntry => {
    const { name } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as { name: string };
    return {
      path: `${APP}/node_modules/${name}`,
      content: { kind: 'link', target: `${'../'.repeat(name.split('/').length)}${folder}` },
    };
  });
  const binding: TarEntry[] = closure.packages.includes(BINDING)
    ? [{ path: `${APP}/${BINDING}/deps`, content: { kind: 'link', target: `/${TENSORFLOW}` } }]
    : [];
  return withParents([...entries, ...links, ...binding]);
}

/** Of a package: not what its developers and compilers need. Packages nested in it are taken on their own. */
export function isRunTimeFile(path: string, isFolder: boolean): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (isFolder)
    return (
      !/^(node_modules|\.bin|\.github|musl_\w+)$/.test(name) &&
      !isTestFolder(path) &&
      !isOfAnotherPlatform(path)
    );
  if (path.endsWith(`${BINDING}/deps`) || name === 'wsi-binding-key') return false;
  return !/\.(map|d\.[cm]?ts|tsbuildinfo|test\.[cm]?[jt]s)$|^(readme|changelog|history)(\.(md|markdown|txt))?$/i.test(
    name,
  );
}

/** ONNX Runtime has its libraries for all platforms in one package. */
function isOfAnotherPlatform(path: string): boolean {
  const [, platform, architecture] = /\/onnxruntime-node\/bin\/[^/]+\/(\w+)(?:\/(\w+))?$/.exec(path) ?? [];
  if (platform === undefined) return false;
  return platform !== process.platform || (architecture ?? process.arch) !== process.arch;
}

/** A package's own folder of tests: beside its package.json, not one of that name deeper in what it runs. */
function isTestFolder(path: string): boolean {
  return /(^|\/)node_modules\/(@[^/]+\/)?[^/]+\/(tests?|__tests__|benchmarks?|bench|examples?|coverage|\.nyc_output)$/.test(
    path,
  );
}

function projectEntries(root: string, target: Target, closure: Closure): TarEntry[] {
  const { nodeVersion, tensorflowVariant, tensorflowVersion, openslideLibrary } = readSetup();
  const trainer = target === 'trainer';
  // What the set-up says of the machine it ran on, said of the image.
  const locations = {
    node: '/usr/local/bin/node',
    nodeVersion,
    tensorflowVariant: trainer ? tensorflowVariant : null,
    tensorflowVersion: trainer ? tensorflowVersion : null,
    openslideLibrary: trainer ? `/${OPENSLIDE}/${openslideLibrary?.split('/').at(-1) ?? ''}` : null,
    pythonReference: null,
    pythonBench: null,
  };
  return withParents([
    ...closure.workspaces.flatMap((folder) =>
      folderEntries(join(root, folder), `${APP}/${folder}`, partOf(root, folder)),
    ),
    ...['package.json', 'LICENSE'].map((file) => fileEntry(join(root, file), `${APP}/${file}`)),
    {
      path: `${APP}/node_modules/.wsi-setup.json`,
      content: { kind: 'bytes', bytes: `${JSON.stringify(locations, null, 2)}\n` },
    },
  ]);
}

/** What a workspace has for others: all of its source, or the `files` that its package.json lists, as for npm. */
function partOf(root: string, folder: string): typeof isProjectFile {
  const text = readFileSync(join(root, folder, 'package.json'), 'utf8');
  const { files } = JSON.parse(text) as { files?: string[] };
  if (files === undefined) return isProjectFile;
  const listed = new Set(['package.json', ...files].map((file) => `${APP}/${folder}/${file}`));
  return (path) => listed.has(path);
}

/**
 * Of a workspace: the source without its tests and what only they use. Python is the language of the references that
 * tests compare with; the product runs none.
 */
export function isProjectFile(path: string, isFolder: boolean): boolean {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return isFolder
    ? !/^(node_modules|testing|__snapshots__)$/.test(name)
    : !/\.(test|fixture)\.[cm]?[jt]s$|\.(log|tmp|py)$/.test(name);
}
