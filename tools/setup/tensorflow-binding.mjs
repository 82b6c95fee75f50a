// @ts-check
/**
 * The binding between Node and TensorFlow. The package @tensorflow/tfjs-node brings its source; its own install script
 * would fetch a TensorFlow of years ago, so the binding is compiled here against the one in the cache, once a machine:
 *
 *   node_modules/@tensorflow/tfjs-node/deps          -> <cache>/tensorflow/<variant>-.../
 *   node_modules/@tensorflow/tfjs-node/lib/napi-v8/  tfjs_binding.node, found by its run path $ORIGIN/../../deps/lib
 *
 * @tensorflow/tfjs-node-gpu is not used: its source is the same, and with the GPU library behind it this binding
 * computes on the GPU.
 */
import { copyFileSync, cpSync, existsSync, readFileSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { bindingDirectory, bindingKey, tensorflowDirectory } from './cache.mjs';
import { findProgram, run, withPath } from './command.mjs';
import { nodeHome } from './node-runtime.mjs';
import { linkTarget, publishDirectory, publishFile, publishLink, readIfThere } from './publish.mjs';
import { programOf } from './required-tools.mjs';
import { SetupError } from './setup-error.mjs';
import { NODE_API_VERSION, TENSORFLOW_VERSION, TFJS_NODE_VERSION } from './versions.mjs';

/** @typedef {import('./setup-step.mjs').Context} Context */

const BINDING = 'tfjs_binding.node';
const LOADS = `
import util from 'node:util';
import { createRequire } from 'node:module';
util.isNullOrUndefined ??= (value) => value == null;
util.isArray ??= Array.isArray;
const tf = createRequire(process.argv[1] + '/')('.');
const [six] = await tf.matMul([[1, 2]], [[2], [2]]).data();
console.log(tf.backend().binding.TF_Version, six);
`;

/**
 * @param {Context} context
 * @param {import('./versions.mjs').TensorFlowVariant} variant
 * @returns {import('./setup-step.mjs').Step}
 */
export function tensorflowBindingStep(context, variant) {
  const library = tensorflowDirectory(context.cache, context.platform, variant);
  const placed = placedBinding(context.root);
  const key = bindingKey(context.platform);
  return {
    name: 'TensorFlow binding for Node',
    isDone: () =>
      linkTarget(placed.deps) === library && existsSync(placed.binding) && readIfThere(placed.stamp) === key,
    tools: () => (builtBindings(context).length > 0 ? [] : ['c++', 'make', 'python3']),
    diskBytes: 0,
    async perform() {
      requireTfjsNode(placed.folder);
      const built = await builtBinding(context, library);
      publishLink(placed.deps, library);
      publishFile(placed.binding, readFileSync(join(built, BINDING)));
      await requireLoads(context, placed.folder);
      publishFile(placed.stamp, key);
    },
  };
}

/** @param {string} root */
export function placedBinding(root) {
  const folder = join(root, 'node_modules', '@tensorflow', 'tfjs-node');
  const lib = join(folder, 'lib', `napi-v${NODE_API_VERSION}`);
  return {
    folder,
    deps: join(folder, 'deps'),
    binding: join(lib, BINDING),
    stamp: join(lib, 'wsi-binding-key'),
  };
}

/** @param {string} folder */
function requireTfjsNode(folder) {
  const manifest = readIfThere(join(folder, 'package.json'));
  const version =
    manifest === undefined ? 'not there' : /** @type {{ version: string }} */ (JSON.parse(manifest)).version;
  if (version === TFJS_NODE_VERSION) return;
  throw new SetupError(
    `@tensorflow/tfjs-node ${TFJS_NODE_VERSION} is expected in node_modules, and it is ${version}.`,
    'Keep the version in package.json and in tools/setup/versions.mjs the same.',
  );
}

/**
 * A machine that has a binding but no compiler uses what it has: Node-API and the C interface of TensorFlow do not
 * change with the compiler.
 * @param {Context} context @param {string} library
 */
async function builtBinding(context, library) {
  const compiler = findProgram(programOf('c++', context.env), context.env);
  const [any] = builtBindings(context);
  if (compiler === undefined && any !== undefined) return any;
  const target = bindingDirectory(context.cache, context.platform, await compilerVersion(context));
  await publishDirectory(target, (directory) => build(context, library, directory));
  return target;
}

/** @param {Context} context @returns {string[]} the bindings in the cache for this platform, by any compiler */
function builtBindings({ cache, platform }) {
  const section = join(cache, 'binding');
  if (!existsSync(section)) return [];
  return readdirSync(section)
    .filter((name) => name.startsWith(bindingKey(platform)) && existsSync(join(section, name, BINDING)))
    .map((name) => join(section, name));
}

/** @param {Context} context */
async function compilerVersion({ env }) {
  const program = programOf('c++', env);
  const version = await run({
    file: program,
    args: ['-dumpfullversion', '-dumpversion'],
    what: `${program} -dumpfullversion`,
    remedy: 'Name a working compiler with CXX=/path/to/g++.',
    env,
  });
  return `${program.split('/').pop()} ${version.trim()}`;
}

/** @param {Context} context @param {string} library @param {string} directory */
async function build(context, library, directory) {
  context.say('compiling the TensorFlow binding');
  const source = placedBinding(context.root).folder;
  const work = join(directory, 'build');
  for (const part of ['binding', 'binding.gyp', 'package.json']) {
    cpSync(join(source, part), join(work, part), { recursive: true });
  }
  symlinkSync(library, join(work, 'deps'));
  const home = nodeHome(context.cache, context.platform);
  await run({
    file: join(home, 'bin', 'node'),
    args: [
      join(context.root, 'node_modules', 'node-gyp', 'bin', 'node-gyp.js'),
      ...[
        'rebuild',
        '--jobs=2',
        `--nodedir=${home}`,
        '--module_name=tfjs_binding',
        `--module_path=${join(work, 'out')}`,
      ],
      `--napi_build_version=${NODE_API_VERSION}`,
    ],
    what: 'Compiling the TensorFlow binding',
    remedy: 'See what the compiler says; g++ 10 or newer is needed.',
    cwd: work,
    env: {
      ...withPath(context.env, [join(home, 'bin')]),
      PYTHON: findProgram(programOf('python3', context.env), context.env),
    },
    onStart: context.onStart,
  });
  copyFileSync(join(work, 'out', BINDING), join(directory, BINDING));
  rmSync(work, { recursive: true });
}

/** @param {Context} context @param {string} folder */
async function requireLoads(context, folder) {
  const home = nodeHome(context.cache, context.platform);
  const answer = await run({
    file: join(home, 'bin', 'node'),
    args: ['--input-type=module', '--no-warnings', '--eval', LOADS, '--', folder],
    what: 'Loading the TensorFlow binding',
    remedy:
      'TensorFlow does not run on this machine: its processor may lack AVX, or the C++ runtime library be too old.',
    env: { ...context.env, TF_CPP_MIN_LOG_LEVEL: '3' },
  });
  if (answer.split('\n').some((line) => line === `${TENSORFLOW_VERSION} 6`)) return;
  throw new SetupError(
    `TensorFlow ${TENSORFLOW_VERSION} gave a wrong answer.`,
    'Delete the cache and run the set-up again.',
    {
      evidence: answer.slice(-2000),
    },
  );
}
