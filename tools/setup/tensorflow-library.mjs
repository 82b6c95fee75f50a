// @ts-check
/** TensorFlow's libraries and C headers, from the Python wheels into the cache. */
import { existsSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { tensorflowDirectory } from './cache.mjs';
import { requireGnuLibc } from './platform.mjs';
import { publishDirectory } from './publish.mjs';
import { LIBRARY_LINKS, tensorflowLayout, tensorflowPlace } from './tensorflow-layout.mjs';
import { TENSORFLOW_VERSION } from './versions.mjs';
import { unpackWheels } from './wheel.mjs';

/**
 * @param {import('./setup-step.mjs').Context} context
 * @param {import('./versions.mjs').TensorFlowVariant} variant
 * @returns {import('./setup-step.mjs').Step}
 */
export function tensorflowLibraryStep(context, variant) {
  const target = tensorflowDirectory(context.cache, context.platform, variant);
  const { wheels, diskBytes } = tensorflowLayout(variant, context.platform);
  return {
    name: `TensorFlow ${TENSORFLOW_VERSION} (${variant})`,
    isDone: () => existsSync(target),
    tools: () => ['python3'],
    diskBytes,
    async perform() {
      requireGnuLibc(context.platform);
      await publishDirectory(target, async (directory) => {
        await unpackWheels(context, wheels, directory, tensorflowPlace);
        for (const [link, library] of Object.entries(LIBRARY_LINKS))
          symlinkSync(library, join(directory, 'lib', link));
      });
    },
  };
}
