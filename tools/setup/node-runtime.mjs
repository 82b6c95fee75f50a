// @ts-check
/**
 * The pinned Node: fetched by npm from a package that carries it, its content checked by npm against the checksum in
 * the lock file that is written here.
 */
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nodeDirectory } from './cache.mjs';
import { NPM_PATIENCE, run } from './command.mjs';
import { publishDirectory } from './publish.mjs';
import { SetupError } from './setup-error.mjs';
import { NODE_PACKAGES, NODE_VERSION, OLDEST_OWN_NODE_MAJOR } from './versions.mjs';

/** @typedef {import('./versions.mjs').Platform} Platform */
/** @typedef {{ name: string, integrity: string }} NodePackage */

/**
 * The folder that holds bin/node, whether it is there yet or not. Where no package carries Node (macOS), the Node
 * that runs this stands in, when it is new enough.
 * @param {string} cache @param {Platform} platform
 * @param {{ execPath: string, version: string }} [own]
 */
export function nodeHome(cache, platform, own = process) {
  if (packageFor(platform) !== undefined) return nodeDirectory(cache, platform);
  const major = Number(/^v(\d+)/.exec(own.version)?.[1]);
  if (major >= OLDEST_OWN_NODE_MAJOR) return dirname(dirname(own.execPath));
  throw new SetupError(
    `Node ${own.version} is too old, and for ${platform} no newer one can be fetched.`,
    `Install Node ${OLDEST_OWN_NODE_MAJOR} or newer and run the same command with it.`,
  );
}

/**
 * @param {import('./setup-step.mjs').Context} context
 * @returns {import('./setup-step.mjs').Step}
 */
export function nodeStep(context) {
  const home = nodeHome(context.cache, context.platform);
  return {
    name: `Node ${NODE_VERSION}`,
    isDone: () => existsSync(join(home, 'bin', 'node')),
    tools: () => ['npm'],
    diskBytes: 500e6,
    perform: () => publishDirectory(home, (directory) => fetchNode(context, directory)),
  };
}

/** @param {import('./setup-step.mjs').Context} context @param {string} directory */
async function fetchNode(context, directory) {
  const nodePackage = packageFor(context.platform);
  if (nodePackage === undefined) throw new Error(`No package carries Node for ${context.platform}.`);
  const project = join(directory, 'fetch');
  const { manifest, lock } = fetchProject(nodePackage);
  mkdirSync(project);
  writeFileSync(join(project, 'package.json'), JSON.stringify(manifest));
  writeFileSync(join(project, 'package-lock.json'), JSON.stringify(lock));
  await run({
    file: 'npm',
    args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--force', ...NPM_PATIENCE],
    what: `npm ci of ${nodePackage.name} ${NODE_VERSION}`,
    remedy: 'See what npm says.',
    cwd: project,
    env: context.env,
    onStart: context.onStart,
  });
  const unpacked = join(project, 'node_modules', nodePackage.name);
  for (const part of ['bin', 'include', 'LICENSE']) renameSync(join(unpacked, part), join(directory, part));
  rmSync(project, { recursive: true });
  const node = join(directory, 'bin', 'node');
  chmodSync(node, 0o755);
  const version = (
    await run({
      file: node,
      args: ['--version'],
      what: 'The fetched Node',
      remedy: 'It does not run on this machine: use a glibc distribution (Debian 12, Ubuntu 22.04 or newer).',
    })
  ).trim();
  if (version !== `v${NODE_VERSION}`)
    throw new Error(`${basename(node)} says that it is ${version}, not v${NODE_VERSION}.`);
}

/**
 * A project of nothing but Node, with a lock file that pins what npm may unpack.
 * @param {NodePackage} nodePackage
 */
export function fetchProject({ name, integrity }) {
  const root = { name: 'fetch-node', version: '0.0.0', dependencies: { [name]: NODE_VERSION } };
  return {
    manifest: { ...root, private: true },
    lock: {
      ...{ name: root.name, version: root.version, lockfileVersion: 3, requires: true },
      packages: { '': root, [`node_modules/${name}`]: { version: NODE_VERSION, integrity } },
    },
  };
}

/** @param {Platform} platform @returns {NodePackage | undefined} */
function packageFor(platform) {
  return /** @type {Partial<Record<Platform, NodePackage>>} */ (NODE_PACKAGES)[platform];
}
