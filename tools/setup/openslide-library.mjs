// @ts-check
/** OpenSlide, which reads the scanners' own formats: one self-contained library out of a wheel. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openslideDirectory } from './cache.mjs';
import { requireGnuLibc } from './platform.mjs';
import { publishDirectory } from './publish.mjs';
import { OPENSLIDE_VERSION, OPENSLIDE_WHEELS } from './versions.mjs';
import { unpackWheels } from './wheel.mjs';

/** @typedef {import('./setup-step.mjs').Context} Context */

/**
 * @param {Context} context
 * @returns {string} the library, whether it is there yet or not
 */
export function openslideLibrary({ cache, platform, env }) {
  const name = platform.startsWith('darwin') ? 'libopenslide.1.dylib' : 'libopenslide.so.1';
  return env['WSI_OPENSLIDE_LIBRARY'] || join(openslideDirectory(cache, platform), name);
}

/** @param {Context} context @returns {import('./setup-step.mjs').Step} */
export function openslideStep(context) {
  const target = openslideDirectory(context.cache, context.platform);
  const wheel = OPENSLIDE_WHEELS[context.platform];
  return {
    name: `OpenSlide ${OPENSLIDE_VERSION}`,
    isDone: () => Boolean(context.env['WSI_OPENSLIDE_LIBRARY']) || existsSync(target),
    tools: () => ['python3'],
    diskBytes: 20e6,
    async perform() {
      requireGnuLibc(context.platform);
      await publishDirectory(target, (directory) =>
        unpackWheels(context, [wheel], directory, openslidePlace),
      );
    },
  };
}

/**
 * @param {string} name
 * @returns {string | undefined}
 */
export function openslidePlace(name) {
  const library = /^openslide_bin\/(libopenslide[^/]+)$/.exec(name);
  if (library) return library[1];
  const license = /^openslide_bin[^/]*\.dist-info\/licenses\/(.+)$/.exec(name);
  return license ? `licenses/${license[1]}` : undefined;
}
