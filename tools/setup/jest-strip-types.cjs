'use strict';
// The same stripper that `node file.ts` uses: positions are kept, so no source map is needed.
const { createHash } = require('node:crypto');
const { readFileSync } = require('node:fs');
const { stripTypeScriptTypes } = require('node:module');

/**
 * A test file runs in a context of its own, in which Node looks every global up by an interceptor: a loop over pixels with
 * `Math.min` in it takes six times as long as in the product, and more. So every module takes these once. Not those that
 * tests replace: clocks, timers, `fetch`.
 */
const TAKEN = [
  ...['Math', 'Number', 'BigInt', 'String', 'Array', 'Object', 'Map', 'Set', 'JSON', 'Symbol', 'RegExp'],
  ...[
    'Int8Array',
    'Uint8Array',
    'Uint8ClampedArray',
    'Int16Array',
    'Uint16Array',
    'Int32Array',
    'Uint32Array',
  ],
  ...['Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'ArrayBuffer', 'DataView'],
];

function transformed(source) {
  const code = stripTypeScriptTypes(source, { mode: 'strip' });
  const names = TAKEN.filter((name) => new RegExp(`\\b${name}\\b`).test(code));
  if (names.length === 0) return { code };
  // On the first line, so that the others keep their numbers; there may be the interpreter's name on it.
  return { code: `const { ${names.join(', ')} } = globalThis; ${code.replace(/^#!/, '//')}` };
}

const own = readFileSync(require.resolve('./jest-strip-types.cjs'));

module.exports = {
  process: transformed,
  processAsync: async (source) => transformed(source),
  /** Otherwise what an earlier version of this file has made would be taken from the cache. */
  getCacheKey: (source, path, { configString }) =>
    createHash('sha256')
      .update(own)
      .update(JSON.stringify([process.version, path, configString, source]))
      .digest('hex')
      .slice(0, 32),
};
