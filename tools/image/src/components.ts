/** What an image is made of, each part with its version, its licence and where the licence's text lies in the image. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import { fileEntry, folderEntries } from './folder-entries.ts';
import type { LockedPackages } from './package-closure.ts';
import { debianPackages } from './system-packages.ts';
import type { TarEntry } from './tar.ts';

export interface Component {
  readonly name: string;
  readonly version: string;
  /** An SPDX expression, as the component itself says it; undefined where it says none. */
  readonly licence: string | undefined;
  /** Package URL (github.com/package-url/purl-spec), where there is one. */
  readonly purl?: string;
  /** SHA-512 of the archive that it was taken from, in hexadecimal digits. */
  readonly sha512?: string;
  /** The texts that go with it, by their places in the image. */
  readonly texts: readonly string[];
}

export interface Components {
  readonly list: readonly Component[];
  /** Files with the texts that are not in the image otherwise. */
  readonly entries: readonly TarEntry[];
}

const FOLDER = 'app/licences';
const LICENCE_FILE = /^(un)?licen[cs]e|^copying|^copyright|^notice/i;
const README = /^readme(\.|$)/i;

/** Where the texts lie of licences whose packages bring none, relative to the root. */
const TEXTS: Readonly<Record<string, readonly string[]>> = {
  'Apache-2.0': ['LICENSE'],
  MIT: ['tools/image/licences/MIT.txt'],
  // It is written as additions to the GPL.
  'LGPL-3.0-or-later': ['tools/image/licences/LGPL-3.0.txt', 'tools/image/licences/GPL-3.0.txt'],
};

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly license?: string | { readonly type?: string };
  readonly licenses?: readonly { readonly type?: string }[];
}

/**
 * The npm packages of an image.
 * @param root the repository
 * @param packages their folders, relative to it
 * @throws WsiError `NotFound` for a package that brings no text and has a licence whose text is not here
 */
export function npmComponents(root: string, lock: LockedPackages, packages: readonly string[]): Components {
  const parts = packages.map((folder) => npmComponent(root, lock, folder));
  return joined(parts);
}

function npmComponent(root: string, lock: LockedPackages, folder: string): Components {
  const manifest = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')) as Manifest;
  const { name, version } = manifest;
  const licence = declaredLicence(manifest);
  const integrity = /^sha512-(.+)$/.exec(lock[folder]?.integrity ?? '')?.[1];
  const names = readdirSync(join(root, folder)).sort();
  const own = names.filter((file) => LICENCE_FILE.test(file)).map((file) => `app/${folder}/${file}`);
  const entries = own.length > 0 ? [] : standInTexts(root, { folder, names, licence, name, version });
  const component = {
    name,
    version,
    licence,
    purl: `pkg:npm/${name.replace('@', '%40')}@${version}`,
    ...(integrity === undefined ? {} : { sha512: Buffer.from(integrity, 'base64').toString('hex') }),
    texts: own.length > 0 ? own : entries.map(({ path }) => path),
  };
  return { list: [component], entries };
}

/** npm's own words for a licence that has no identifier: the text is the statement. */
const TEXT_ONLY = /^SEE LICEN[CS]E IN /i;

function declaredLicence({ license, licenses }: Manifest): string | undefined {
  if (typeof license === 'string') return TEXT_ONLY.test(license) ? undefined : license;
  return license?.type ?? licenses?.map(({ type }) => type).join(' OR ');
}

/** The licence's own words, and the README, where such a package names its authors and what it has from others. */
function standInTexts(
  root: string,
  of: {
    readonly folder: string;
    readonly names: readonly string[];
    readonly licence: string | undefined;
    readonly name: string;
    readonly version: string;
  },
): TarEntry[] {
  const place = `${FOLDER}/npm/${of.name}@${of.version}`;
  const readme = of.names
    .filter((file) => README.test(file))
    .map((file) => fileEntry(join(root, of.folder, file), `${place}/${file}`));
  return [...readme, ...licenceTexts(root, of.licence, `${of.name} ${of.version}`)];
}

function licenceTexts(root: string, licence: string | undefined, where: string): TarEntry[] {
  const ids = (licence ?? '').split(/\s+(?:AND|OR)\s+|[()]/).filter((id) => id !== '');
  const files = ids.map((id) => TEXTS[id]);
  if (ids.length === 0 || files.includes(undefined)) {
    throw new WsiError('NotFound', `There is no text of the licence (${licence ?? 'none is named'})`, {
      where,
      remedy: 'Put it into tools/image/licences, and name it in tools/image/src/components.ts.',
    });
  }
  return files
    .flatMap((some) => some ?? [])
    .map((file) =>
      fileEntry(
        join(root, file),
        `${FOLDER}/texts/${file === 'LICENSE' ? 'Apache-2.0.txt' : baseName(file)}`,
      ),
    );
}

/** Node, whose licence names all that is built into it. */
export function nodeComponent(node: string, version: string): Components {
  const text = [join(dirname(node), '..', 'LICENSE'), '/usr/local/LICENSE'].find((file) => existsSync(file));
  if (text === undefined) {
    throw new WsiError('NotFound', "Node's licence does not lie beside it", {
      where: dirname(dirname(node)),
      remedy: 'Use the Node of the set-up: npm run setup',
    });
  }
  const entry = fileEntry(text, `${FOLDER}/node/LICENSE`);
  const purl = `pkg:generic/node@${version}`;
  return { list: [{ name: 'node', version, licence: 'MIT', purl, texts: [entry.path] }], entries: [entry] };
}

/** @param library the file; its licences lie beside it, as its wheel has them */
export function openslideComponent(root: string, library: string): Components {
  const folder = join(dirname(library), 'licenses');
  const entries = existsSync(folder)
    ? folderEntries(folder, `${FOLDER}/openslide`)
    : licenceTexts(root, 'LGPL-3.0-or-later', 'OpenSlide');
  // The set-up's folder names it; one that WSI_OPENSLIDE_LIBRARY names may be of any version.
  const version = /\/openslide\/(\d+(?:\.\d+)+)-/.exec(library)?.[1] ?? 'unknown';
  const purl = `pkg:pypi/openslide-bin@${version}`;
  const component = {
    name: 'openslide-bin',
    version,
    licence: 'LGPL-2.1-only',
    purl,
    texts: textsOf(entries),
  };
  return { list: [component], entries };
}

/** @param folder where the set-up has put it */
export function tensorflowComponent(root: string, folder: string, version: string): Components {
  const licences = join(folder, 'licenses');
  const entries = existsSync(licences)
    ? folderEntries(licences, `${FOLDER}/tensorflow`)
    : licenceTexts(root, 'Apache-2.0', 'TensorFlow');
  const purl = `pkg:pypi/tensorflow@${version}`;
  const component = { name: 'tensorflow', version, licence: 'Apache-2.0', purl, texts: textsOf(entries) };
  return { list: [component], entries };
}

/** @param libraries files of this machine that are copied into the image */
export function systemComponents(libraries: readonly string[]): Components {
  const parts = debianPackages(libraries).map(({ name, version, copyright }): Components => {
    const entries = copyright.map((file) => fileEntry(file, `${FOLDER}/system/${name}/${baseName(file)}`));
    const purl = `pkg:deb/debian/${name}@${encodeURIComponent(version)}`;
    // Debian writes licences as prose: the text is the statement.
    return { list: [{ name, version, licence: undefined, purl, texts: textsOf(entries) }], entries };
  });
  return joined(parts);
}

/** All of them, each package and each file once. */
export function joined(parts: readonly Components[]): Components {
  const list = new Map(parts.flatMap((part) => part.list.map((one) => [`${one.name}@${one.version}`, one])));
  const entries = new Map(parts.flatMap((part) => part.entries.map((entry) => [entry.path, entry])));
  return {
    list: [...list].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one),
    entries: [...entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry),
  };
}

/** A list for people: what is in the image, under which licence, and where the text lies. */
export function notice(components: readonly Component[]): TarEntry {
  const lines = components.map(
    ({ name, version, licence, texts }) =>
      `${name} ${version}: ${licence ?? (texts.length > 0 ? 'see its text' : 'not known')}\n` +
      texts.map((text) => `    /${text}\n`).join(''),
  );
  const head =
    'wsi-operator is under the Apache License 2.0 (/app/LICENSE). This image also has these, each under its own licence.\n' +
    'Those under the LGPL are libraries of their own files, which may be replaced by changed ones: OpenSlide in\n' +
    '/opt/openslide, libvips in /app/node_modules/@img, the C library in /lib. Their sources: openslide.org,\n' +
    'github.com/lovell/sharp-libvips, sources.debian.org.\n\n';
  return { path: `${FOLDER}/NOTICE.txt`, content: { kind: 'bytes', bytes: head + lines.join('') } };
}

function textsOf(entries: readonly TarEntry[]): string[] {
  return entries.filter(({ content }) => content.kind !== 'directory').map(({ path }) => path);
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}
