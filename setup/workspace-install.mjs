// @ts-check
/** The JavaScript dependencies: `npm ci`, run by the pinned Node, when anything that decides its outcome has changed. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { digest } from './cache.mjs';
import { NPM_PATIENCE, run, withPath } from './command.mjs';
import { treeMatchesLock } from './installed-tree.mjs';
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
  const stamp = join(root, 'node_modules', '.wsi-npm-ci.json');
  return {
    name: 'JavaScript packages',
    isDone: () => isStamped(readIfThere(stamp), installKey(root)),
    tools: () => ['npm'],
    diskBytes: 0,
    async perform() {
      const key = installKey(root);
      if (!treeMatchesLock(root, manifestsOf(root))) await install(context);
      publishFile(stamp, `${JSON.stringify({ key })}\n`);
    },
  };
}

/** @param {import('./setup-step.mjs').Context} context */
async function install(context) {
  await run({
    file: 'npm',
    args: [
      'ci',
      '--include=dev',
      '--ignore-scripts',
      '--no-audit',
      '--no-fund',
      '--prefer-offline',
      ...NPM_PATIENCE,
    ],
    what: 'npm ci',
    remedy:
      'See what npm says; when package.json and package-lock.json disagree, run npm install and commit the result.',
    cwd: context.root,
    env: withPath(context.env, [join(nodeHome(context.cache, context.platform), 'bin')]),
    onStart: context.onStart,
  });
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
