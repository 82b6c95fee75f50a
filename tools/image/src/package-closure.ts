/**
 * Which packages a workspace needs to run: the closure over package-lock.json, resolved as Node resolves names. What
 * only tests, tools or other workspaces use stays out of an image.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';

interface LockedPackage {
  readonly link?: boolean;
  /** Of a link: the workspace's folder. */
  readonly resolved?: string;
  readonly name?: string;
  /** Of the archive: `sha512-` and base64. */
  readonly integrity?: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly peerDependencies?: Readonly<Record<string, string>>;
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>;
}

export type LockedPackages = Readonly<Record<string, LockedPackage>>;

export interface Closure {
  /** Folders of workspaces, relative to the root, sorted. */
  readonly workspaces: readonly string[];
  /** Folders of installed packages, relative to the root, sorted. Packages nested in them are listed on their own. */
  readonly packages: readonly string[];
}

export function readLock(root: string): LockedPackages {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    packages?: LockedPackages;
  };
  return lock.packages ?? {};
}

/**
 * @param workspace the folder of the workspace that an image runs
 * @param isInstalled whether a package's folder is there; optional packages of other platforms are not
 * @throws WsiError `NotFound` when a package that is needed is not installed
 */
export function packageClosure(
  lock: LockedPackages,
  workspace: string,
  isInstalled: (folder: string) => boolean,
): Closure {
  const found = new Set<string>();
  const waiting = [workspace];
  for (let folder = waiting.pop(); folder !== undefined; folder = waiting.pop()) {
    if (found.has(folder)) continue;
    found.add(folder);
    const locked = lock[folder] ?? {};
    for (const { name, needed } of namesOf(locked)) {
      const place = resolve(lock, folder, name, isInstalled);
      if (place !== undefined) waiting.push(place);
      else if (needed) {
        throw new WsiError('NotFound', `The package ${name} is not installed`, {
          where: folder,
          remedy: 'Run: npm run setup',
        });
      }
    }
  }
  const folders = [...found].sort();
  return {
    workspaces: folders.filter((folder) => !isPackage(folder)),
    packages: folders.filter(isPackage),
  };
}

export function installedIn(root: string): (folder: string) => boolean {
  return (folder) => existsSync(join(root, folder, 'package.json'));
}

function isPackage(folder: string): boolean {
  return /(^|\/)node_modules\//.test(folder);
}

function namesOf(locked: LockedPackage): { name: string; needed: boolean }[] {
  const optional = locked.optionalDependencies ?? {};
  const meta = locked.peerDependenciesMeta ?? {};
  return [
    ...Object.keys(locked.dependencies ?? {}).map((name) => ({ name, needed: !(name in optional) })),
    ...Object.keys(optional).map((name) => ({ name, needed: false })),
    // A peer that is optional is used by those who bring it themselves.
    ...Object.keys(locked.peerDependencies ?? {}).flatMap((name) =>
      meta[name]?.optional === true ? [] : [{ name, needed: false }],
    ),
  ];
}

/** Looks for node_modules/NAME beside the folder and in every folder above it; a link leads to its workspace. */
function resolve(
  lock: LockedPackages,
  from: string,
  name: string,
  isInstalled: (folder: string) => boolean,
): string | undefined {
  for (let at = from; ; at = parentOf(at)) {
    const place = at === '' ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    const locked = lock[place];
    if (locked?.link === true) return locked.resolved;
    if (locked !== undefined && isInstalled(place)) return place;
    if (at === '') return undefined;
  }
}

/** The folder above, without stopping at a node_modules folder itself. */
function parentOf(folder: string): string {
  const slash = folder.lastIndexOf('/');
  const parent = slash < 0 ? '' : folder.slice(0, slash);
  return parent === 'node_modules' || parent.endsWith('/node_modules') ? parentOf(parent) : parent;
}
