/** Which packages of Debian (or a system like it) files of this machine are from. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, realpathSync } from 'node:fs';

export interface SystemPackage {
  readonly name: string;
  readonly version: string;
  /** Files with its copyright, and the licences that it refers to. */
  readonly copyright: readonly string[];
}

const COMMON = '/usr/share/common-licenses/';

/** Sorted, each once; empty on a system that has no such packages. */
export function debianPackages(files: readonly string[]): SystemPackage[] {
  const names = new Set(
    query(['--search', ...new Set(files.flatMap(spellings))]).flatMap(
      (line) => /^([^:\s]+)(?::\w+)?: \//.exec(line)?.[1] ?? [],
    ),
  );
  return [...names].sort().map((name) => ({
    name,
    version: query(['--show', '--showformat=${Version}\\n', name])[0] ?? '',
    copyright: copyrightOf(name),
  }));
}

/** A file may be listed under the folder that is now a link to another: /lib and /usr/lib. */
function spellings(file: string): string[] {
  const real = realpathSync(file);
  return [file, real, real.replace(/^\/usr\//, '/')];
}

function copyrightOf(name: string): string[] {
  const file = `/usr/share/doc/${name}/copyright`;
  if (!existsSync(file)) return [];
  const referred = readFileSync(file, 'utf8').matchAll(
    /\/usr\/share\/common-licenses\/([A-Za-z0-9.-]*[A-Za-z0-9])/g,
  );
  const common = [...new Set([...referred].map(([, licence]) => `${COMMON}${licence ?? ''}`))];
  return [file, ...common.filter((text) => existsSync(text)).sort()];
}

/** What is found; the program ends with 1 when one of the files is no package's, and then still lists the others. */
function query(args: readonly string[]): string[] {
  const { stdout } = spawnSync('dpkg-query', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  // Null where there is no such program.
  return ((stdout as string | null) ?? '').split('\n').filter((line) => line !== '');
}
