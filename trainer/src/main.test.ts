/** A role that is asked to stop while it starts: real processes, which signal themselves as soon as they load a package. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect, it } from '@jest/globals';
import { ROLES } from '@wsi-operator/api';
import { exitCodes } from './exit.ts';

/** Run before the program: the first package that is asked for brings a SIGTERM. */
const SIGNAL_AT_ONCE = `
import { registerHooks } from 'node:module';
let sent = false;
registerHooks({
  resolve(specifier, context, next) {
    if (!sent && specifier.startsWith('@')) {
      sent = true;
      process.kill(process.pid, 'SIGTERM');
    }
    return next(specifier, context);
  },
});`;

it.each([...ROLES])(
  'a %s that gets SIGTERM while it starts ends with the exit code of a stop',
  async (role) => {
    const preload = `data:text/javascript,${encodeURIComponent(SIGNAL_AT_ONCE)}`;
    const main = join(import.meta.dirname, 'main.ts');
    // Not by the signal's default, which the first process of a container has not.
    const child = spawn(process.execPath, ['--no-warnings', '--import', preload, main, role], {
      stdio: 'ignore',
    });
    expect(await once(child, 'exit')).toEqual([exitCodes.stopped, null]);
  },
);
