// @ts-check
/**
 * Where downloads live: one folder a user, shared by every clone, each entry keyed by all that determines its content.
 *
 *   <cache>/node/<version>-<platform>/             bin/node, include/node
 *   <cache>/tensorflow/<variant>-<version>-<platform>/   lib/, include/, licenses/, on a GPU nvidia/
 *   <cache>/binding/<key>/tfjs_binding.node        TensorFlow's binding for Node
 *   <cache>/openslide/<version>-<platform>/        libopenslide
 *   <cache>/python/<level>-<key>/                  Python environment of the reference implementations
 *   <cache>/downloads/                             wheels on their way in
 *   <cache>/setup.lock, <cache>/facts.json
 *
 * An entry that exists is whole: it is filled under another name and renamed. The folder can be deleted at any time.
 */
import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  NODE_API_VERSION,
  NODE_VERSION,
  OPENSLIDE_VERSION,
  TENSORFLOW_VERSION,
  TFJS_NODE_VERSION,
} from './versions.mjs';

/** @typedef {import('./versions.mjs').Platform} Platform */
/** @typedef {import('./versions.mjs').TensorFlowVariant} TensorFlowVariant */

/**
 * @param {NodeJS.ProcessEnv} [env]
 * @returns {string}
 */
export function cacheDirectory(env = process.env) {
  if (env['WSI_CACHE']) return resolve(env['WSI_CACHE']);
  if (env['XDG_CACHE_HOME']) return resolve(env['XDG_CACHE_HOME'], 'wsi-operator');
  return join(env['HOME'] || homedir(), '.cache', 'wsi-operator');
}

/** @param {string} cache @param {Platform} platform */
export function nodeDirectory(cache, platform) {
  return join(cache, 'node', `${NODE_VERSION}-${platform}`);
}

/** @param {string} cache @param {Platform} platform @param {TensorFlowVariant} variant */
export function tensorflowDirectory(cache, platform, variant) {
  return join(cache, 'tensorflow', `${variant}-${TENSORFLOW_VERSION}-${platform}`);
}

/** @param {string} cache @param {Platform} platform */
export function openslideDirectory(cache, platform) {
  return join(cache, 'openslide', `${OPENSLIDE_VERSION}-${platform}`);
}

/**
 * What determines the binding, the compiler aside. The variant is not in it: both libraries have the same C interface,
 * and the binding finds the library at run time.
 * @param {Platform} platform
 */
export function bindingKey(platform) {
  const node = NODE_VERSION.split('.')[0];
  return `tfjs-node-${TFJS_NODE_VERSION}_tensorflow-${TENSORFLOW_VERSION}_napi-${NODE_API_VERSION}_node-${node}_${platform}`;
}

/** @param {string} cache @param {Platform} platform @param {string} compiler name and version, such as "g++ 12.2.0" */
export function bindingDirectory(cache, platform, compiler) {
  return join(cache, 'binding', `${bindingKey(platform)}_${compiler.replace(/[^A-Za-z0-9.+]+/g, '-')}`);
}

/**
 * @param {string} cache @param {Platform} platform @param {string} level
 * @param {readonly string[]} requirements the requirement files' contents
 */
export function pythonDirectory(cache, platform, level, requirements) {
  const key = digest(...requirements).slice(0, 12);
  return join(cache, 'python', `${level}-${key}-${platform}`);
}

/**
 * SHA-256 of the parts, each with its length, so that no two lists of parts are alike.
 * @param {readonly (string | Buffer)[]} parts
 */
export function digest(...parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${Buffer.byteLength(part)}:`).update(part);
  return hash.digest('hex');
}
