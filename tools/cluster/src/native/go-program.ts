/**
 * Programs built from Go modules, once a machine: `<cache>/kubernetes/programs/<name>-<version>-<key>/`. The key is of
 * all that goes into the program, the Go module's files and the flags; what is there is whole. The checksums in go.sum
 * make sure that a module is the one that was meant, wherever the Go proxy takes it from.
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import {
  acquireLock,
  cacheDirectory,
  digest,
  publishDirectory,
  removeUnfinished,
} from '@wsi-operator/setup/shared-cache';
import { attempt, run } from '../command.ts';
import type { Log } from '../provider.ts';

export interface GoProgram {
  /** Names the folder in the cache. */
  readonly name: string;
  readonly version: string;
  /** The folder with go.mod, go.sum and, where the packages are its own, their source. */
  readonly module: string;
  /** Packages to build; each becomes a program of its last element's name. `.` becomes `name`. */
  readonly packages: readonly string[];
  readonly tags?: readonly string[];
  /** Link-time values of string variables, by their full name. */
  readonly variables?: Readonly<Record<string, string>>;
  /** Linked from C too; off by default, so that programs run in any image. */
  readonly cgo?: boolean;
}

const BUILD_MINUTES = 40;
const OLDEST_GO = [1, 26] as const;

/**
 * Builds what is not in the cache. Builds of one user run one after the other: they fill the processors anyway, and
 * share most packages.
 * @returns the folder with the programs
 * @throws WsiError `Unavailable` when there is no Go, or the build fails
 */
export async function buildGoProgram(
  program: GoProgram,
  log: Log,
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  const root = join(cacheDirectory(env), 'kubernetes');
  const target = folderOf(program, env);
  if (existsSync(target)) return target;
  await requireGo(env);
  const lock = await acquireLock(join(root, 'build.lock'), {
    onWait: (holder) => {
      log(`waiting for another build (${holder})`);
    },
  });
  try {
    removeUnfinished(root);
    if (existsSync(target)) return target;
    log(`building ${program.name} ${program.version}: minutes when Go's caches are cold, seconds when warm`);
    const started = Date.now();
    await publishDirectory(target, async (directory) => {
      await run('go', buildArguments(program, directory), {
        cwd: program.module,
        env: buildEnvironment(program, env),
        timeoutSeconds: BUILD_MINUTES * 60,
      });
    });
    log(`built ${program.name} in ${((Date.now() - started) / 1000).toFixed(0)} s`);
    return target;
  } finally {
    lock.release();
  }
}

/** Whether it is in the cache. */
export function isBuilt(program: GoProgram, env: NodeJS.ProcessEnv = process.env): boolean {
  return existsSync(folderOf(program, env));
}

function folderOf(program: GoProgram, env: NodeJS.ProcessEnv): string {
  return join(cacheDirectory(env), 'kubernetes', 'programs', programKey(program));
}

/** Where Go keeps the files of a module that a program is built from: definitions and charts that belong to it. */
export async function moduleDirectory({ module }: GoProgram, path: string): Promise<string> {
  const text = await run('go', ['mod', 'download', '-json', path], { cwd: module, timeoutSeconds: 600 });
  return (JSON.parse(text) as { Dir: string }).Dir;
}

/** Name, version and what determines the content: module files, packages, flags and the platform. */
export function programKey(program: GoProgram): string {
  const files = readdirSync(program.module)
    .filter((name) => /^go\.(mod|sum)$|\.go$/.test(name) && !name.endsWith('_test.go'))
    .sort()
    .flatMap((name) => [name, readFileSync(join(program.module, name))]);
  const key = digest(...files, ...buildArguments(program, ''), String(program.cgo ?? false)).slice(0, 12);
  return `${program.name}-${program.version}-${process.platform}-${process.arch}-${key}`;
}

export function buildArguments(program: GoProgram, into: string): string[] {
  const variables = Object.entries(program.variables ?? {}).map(([name, value]) => `-X ${name}=${value}`);
  return [
    'build',
    // No paths of this machine and no state of this repository in the program.
    ...['-trimpath', '-buildvcs=false', '-mod=readonly'],
    ...(program.tags === undefined ? [] : [`-tags=${program.tags.join(',')}`]),
    `-ldflags=${['-s', '-w', ...variables].join(' ')}`,
    // A name for the one package that is the module itself; a folder for programs that are named after their package.
    `-o=${program.packages[0] === '.' ? join(into, program.name) : `${into}/`}`,
    ...program.packages,
  ];
}

function buildEnvironment(program: GoProgram, env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  // The user's flags and workspaces would bend the build; the proxy and the toolchain stay as they are configured.
  return { ...env, CGO_ENABLED: program.cgo === true ? '1' : '0', GOFLAGS: '', GOWORK: 'off' };
}

async function requireGo(env: NodeJS.ProcessEnv): Promise<void> {
  const found = await attempt('go', ['env', 'GOVERSION'], { env }).catch(() => undefined);
  const version = found?.code === 0 ? found.stdout.trim() : undefined;
  if (version === undefined) {
    throw new WsiError('Unavailable', 'There is no Go, which builds the components of Kubernetes', {
      remedy: `Install Go ${OLDEST_GO.join('.')} or newer and have it on PATH.`,
    });
  }
  const [major = 0, minor = 0] = (/^go(\d+)\.(\d+)/.exec(version) ?? []).slice(1).map(Number);
  if (major < OLDEST_GO[0] || (major === OLDEST_GO[0] && minor < OLDEST_GO[1])) {
    throw new WsiError('Unavailable', `${version} is too old to build the components of Kubernetes`, {
      remedy: `Install Go ${OLDEST_GO.join('.')} or newer.`,
    });
  }
}
