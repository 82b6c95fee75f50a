/** `npm run image -- --target operator|trainer|all --output DIRECTORY`: the container images, without a container engine. */
import { resolve } from 'node:path';
import { WsiError } from '@wsi-operator/foundation';
import { Command, Option } from 'commander';
import { buildImage, writeTree } from './build-image.ts';
import { targets, type Target } from './contents.ts';

interface Options {
  readonly target: Target | 'all';
  readonly output: string;
  readonly tag?: string;
  readonly tree: boolean;
}

const program = new Command('npm run image --')
  .description(
    'Makes the container images as OCI archives (TARGET.tar), each with its parts (TARGET.spdx.json) and provenance.',
  )
  .addOption(new Option('--target <name>', 'image').choices([...targets, 'all']).default('all'))
  .option('--output <directory>', 'where to', 'output/images')
  .option('--tag <tag>', "the images' tag; without it, the project's version")
  .option('--tree', 'write the content as a folder OUTPUT/TARGET instead (for the Dockerfile)', false)
  .action(async ({ target, output, tag, tree }: Options) => {
    for (const name of target === 'all' ? targets : [target]) {
      if (tree) {
        writeTree(name, resolve(output, name));
        continue;
      }
      const { file, name: image, digest } = await buildImage(name, resolve(output), tag);
      process.stdout.write(`${image} ${digest} ${file}\n`);
    }
  });

try {
  await program.parseAsync();
} catch (error) {
  process.stderr.write(`image: ${WsiError.from(error).message}\n`);
  process.exitCode = 1;
}
