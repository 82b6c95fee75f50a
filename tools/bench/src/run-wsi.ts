/** Runs the command line of the repository. */
import { WsiError } from '@wsi-operator/foundation';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';

/**
 * @param through a program that starts it, with its arguments
 * @throws WsiError `EngineFailed` with what it printed, when it fails
 */
export async function wsi(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  through: readonly string[] = [],
): Promise<void> {
  const main = join(import.meta.dirname, '../../../cli/src/main.ts');
  const [program, ...words] = [...through, process.execPath, '--no-warnings', main];
  try {
    await promisify(execFile)(program, [...words, ...args], {
      env: { ...process.env, ...environment },
      maxBuffer: 64 * 2 ** 20,
    });
  } catch (error) {
    const printed =
      error instanceof Error && 'stderr' in error ? String(error.stderr).slice(-2000) : String(error);
    throw new WsiError('EngineFailed', `wsi ${args[0]} failed:\n${printed}`, { cause: error });
  }
}
