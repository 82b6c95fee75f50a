/** The Python of the set-up, with what the products are compared with: several gigabytes, so not before it is asked for. */
import { WsiError } from '@wsi-operator/foundation';
import { readSetup } from '@wsi-operator/setup/locations';
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Sets it up where it is missing.
 * @param remedy what else can be done without it
 * @returns the path of the interpreter
 * @throws WsiError `Unavailable`
 */
export async function benchPython(remedy: string): Promise<string | null> {
  const setup = new URL('../../setup/setup.mjs', import.meta.url).pathname;
  const child = spawn(process.execPath, [setup, '--python-bench'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code !== 0) {
    throw new WsiError('Unavailable', 'the Python to compare with cannot be set up', { remedy });
  }
  return readSetup().pythonBench;
}
