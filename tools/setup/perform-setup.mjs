// @ts-check
/**
 * The set-up from front to back. With nothing to do it checks some files and is silent; otherwise it takes the lock,
 * checks again (another set-up may have done the work meanwhile), and performs what is left, in order.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheDirectory } from './cache.mjs';
import { setupFile } from './locations.mjs';
import { acquireLock } from './lock.mjs';
import { nodeHome, nodeStep } from './node-runtime.mjs';
import { openslideLibrary, openslideStep } from './openslide-library.mjs';
import { platformOf } from './platform.mjs';
import { publishFile, readIfThere, removeUnfinished, requireSpace } from './publish.mjs';
import { environmentPython, pythonStep } from './python-environment.mjs';
import { requireTools } from './required-tools.mjs';
import { SetupError } from './setup-error.mjs';
import { tensorflowBindingStep } from './tensorflow-binding.mjs';
import { tensorflowLibraryStep } from './tensorflow-library.mjs';
import { NODE_VERSION, TENSORFLOW_VERSION } from './versions.mjs';
import { workspaceStep } from './workspace-install.mjs';

/**
 * @typedef {import('./setup-step.mjs').Context} Context
 * @typedef {import('./setup-step.mjs').Step} Step
 * @typedef {import('./python-environment.mjs').PythonLevel} PythonLevel
 */

export const REPOSITORY = fileURLToPath(new URL('../../', import.meta.url)).replace(/\/$/, '');

/**
 * @param {{ root?: string, env?: NodeJS.ProcessEnv, levels?: readonly PythonLevel[], say?: (line: string) => void }} [options]
 * @returns {Promise<{ context: Context, facts: import('./locations.d.mts').Setup, performed: string[] }>}
 */
export async function performSetup({
  root = REPOSITORY,
  env = process.env,
  levels = [],
  say = () => {},
} = {}) {
  /** @type {(pid: number) => void} */
  let recordChild = () => {};
  /** @type {Context} */
  const context = {
    root,
    cache: cacheDirectory(env),
    platform: platformOf(),
    tensorflow: tensorflowSetting(env),
    env,
    say,
    onStart: (pid) => recordChild(pid),
  };
  const steps = stepsOf(context, levels);
  if (pending(steps).length === 0)
    return { context, facts: writeFacts(context, [setupFile(root)]), performed: [] };

  const lock = await acquireLock(join(context.cache, 'setup.lock'), {
    onWait: (holder) => say(`waiting for another set-up (${holder})`),
  });
  recordChild = (pid) => lock.recordChild(pid);
  try {
    removeUnfinished(context.cache);
    const performed = await performPending(context, steps);
    return {
      context,
      facts: writeFacts(context, [setupFile(root), join(context.cache, 'facts.json')]),
      performed,
    };
  } finally {
    lock.release();
  }
}

/** @param {Context} context @param {readonly PythonLevel[]} levels @returns {Step[]} */
function stepsOf(context, levels) {
  const { tensorflow } = context;
  return [
    nodeStep(context),
    workspaceStep(context),
    ...(tensorflow === 'none'
      ? []
      : [tensorflowLibraryStep(context, tensorflow), tensorflowBindingStep(context, tensorflow)]),
    openslideStep(context),
    ...levels.map((level) => pythonStep(context, level)),
  ];
}

/** @param {readonly Step[]} steps */
function pending(steps) {
  return steps.filter((step) => !step.isDone());
}

/** @param {Context} context @param {readonly Step[]} steps */
async function performPending(context, steps) {
  const left = pending(steps);
  requireTools(
    left.flatMap((step) => step.tools()),
    context.env,
  );
  requireSpace(
    context.cache,
    left.reduce((sum, step) => sum + step.diskBytes, 0),
    'The set-up',
  );
  const performed = [];
  for (const step of steps) {
    // Asked again: installing packages can take the binding away.
    if (step.isDone()) continue;
    context.say(step.name);
    await step.perform();
    performed.push(step.name);
  }
  return performed;
}

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {import('./setup-step.mjs').TensorFlowSetting}
 */
export function tensorflowSetting(env) {
  const setting = env['WSI_TENSORFLOW'] || 'cpu';
  if (setting === 'cpu' || setting === 'gpu' || setting === 'none') return setting;
  throw new SetupError(`WSI_TENSORFLOW is "${setting}".`, 'It can be cpu (as without it), gpu, or none.');
}

/**
 * @param {Context} context @param {readonly string[]} files written when they say otherwise
 * @returns {import('./locations.d.mts').Setup}
 */
function writeFacts(context, files) {
  const facts = {
    node: join(nodeHome(context.cache, context.platform), 'bin', 'node'),
    nodeVersion: NODE_VERSION,
    tensorflowVariant: context.tensorflow,
    tensorflowVersion: context.tensorflow === 'none' ? null : TENSORFLOW_VERSION,
    openslideLibrary: openslideLibrary(context),
    pythonReference: environmentPython(context, 'python-reference') ?? null,
    pythonBench: environmentPython(context, 'python-bench') ?? null,
  };
  const text = `${JSON.stringify(facts, null, 2)}\n`;
  for (const file of files) {
    if (readIfThere(file) !== text) publishFile(file, text);
  }
  return facts;
}
