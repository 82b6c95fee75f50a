// @ts-check
/**
 * The JavaScript dependencies, exactly as package-lock.json has them, installed by the pinned Node's npm when anything
 * that decides the outcome has changed. It is `npm install` with the result compared to the lock file, and not
 * `npm ci`: that takes node_modules away from under running programs, and refuses a lock file in which optional
 * packages of other platforms are missing because the registry does not serve them.
 */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { digest } from './cache.mjs';
import { NPM_PATIENCE, evidenceOf, run, withPath } from './command.mjs';
import { lockDescribes, treeMatchesLock } from './installed-tree.mjs';
import { nodeHome } from './node-runtime.mjs';
import { publishFile, readIfThere } from './publish.mjs';
import { SetupError } from './setup-error.mjs';
import { NODE_VERSION } from './versions.mjs';

/**
 * @param {import('./setup-step.mjs').Context} context
 * @returns {import('./setup-step.mjs').Step}
 */
export function workspaceStep(context) {
  const { root } = context;
  const stamp = join(root, 'node_modules', '.wsi-installed.json');
  return {
    name: 'JavaScript packages',
    isDone: () => isStamped(readIfThere(stamp), installKey(root)) && treeMatchesLock(root),
    tools: () => ['npm'],
    diskBytes: 0,
    async perform() {
      const key = installKey(root);
      if (!(lockDescribes(root, manifestsOf(root)) && treeMatchesLock(root))) await install(context);
      publishFile(stamp, `${JSON.stringify({ key })}\n`);
    },
  };
}

/**
 * An npm that was killed leaves packages half unpacked, and the next one does not see it: a mark says so.
 * @param {import('./setup-step.mjs').Context} context
 */
async function install(context) {
  const modules = join(context.root, 'node_modules');
  const unfinished = join(modules, '.wsi-installing');
  const interrupted = existsSync(unfinished) || !existsSync(join(modules, '.package-lock.json'));
  if (interrupted) rmSync(modules, { recursive: true, force: true });
  mkdirSync(modules, { recursive: true });
  writeFileSync(unfinished, '');
  const output = await run({
    file: 'npm',
    args: [
      'install',
      '--no-save',
      '--include=dev',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      ...NPM_PATIENCE,
    ],
    what: 'npm install',
    remedy: 'See what npm says.',
    cwd: context.root,
    env: withPath(context.env, [join(nodeHome(context.cache, context.platform), 'bin')]),
    onStart: context.onStart,
  });
  if (!treeMatchesLock(context.root)) {
    throw new SetupError(
      'npm has installed something else than package-lock.json says.',
      'When a package.json asks for more than the lock file has, run npm install and commit the result; otherwise delete node_modules and run the set-up again.',
      { evidence: evidenceOf(output) },
    );
  }
  rmSync(unfinished);
}

/** @param {string | undefined} stamp @param {string} key */
export function isStamped(stamp, key) {
  if (stamp === undefined) return false;
  try {
    return /** @type {{ key?: string }} */ (JSON.parse(stamp)).key === key;
  } catch {
    return false;
  }
}

/**
 * All that decides what npm installs: the lock file, every package.json, npm's settings, the Node that runs it.
 * @param {string} root
 */
export function installKey(root) {
  const lock = readIfThere(join(root, 'package-lock.json'));
  if (lock === undefined) {
    throw new SetupError(
      `There is no package-lock.json in ${root}.`,
      'Take it from the repository: git checkout package-lock.json',
    );
  }
  const manifests = workspaceFolders(root).map((folder) => readFileSync(join(root, folder, 'package.json')));
  return digest(NODE_VERSION, lock, readIfThere(join(root, '.npmrc')) ?? '', ...manifests);
}

/** @param {string} root @returns {Record<string, Record<string, unknown>>} */
function manifestsOf(root) {
  return Object.fromEntries(
    workspaceFolders(root).map((folder) => [
      folder,
      JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8')),
    ]),
  );
}

/**
 * The root ("") and the folders of its workspaces; of npm's patterns the project uses names and `folder/*`.
 * @param {string} root
 * @returns {string[]}
 */
export function workspaceFolders(root) {
  const { workspaces = [] } = /** @type {{ workspaces?: string[] }} */ (
    JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  );
  const folders = workspaces.flatMap((pattern) => {
    if (!pattern.endsWith('/*')) return [pattern];
    const parent = pattern.slice(0, -2);
    return existsSync(join(root, parent))
      ? readdirSync(join(root, parent)).map((name) => `${parent}/${name}`)
      : [];
  });
  return ['', ...folders.filter((folder) => existsSync(join(root, folder, 'package.json'))).sort()];
}
