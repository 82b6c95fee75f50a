/**
 * On one machine a role must not outlive the process that started it, even when that one is killed by SIGKILL: it
 * holds the other end of our standard input, which ends with it.
 */
import type { Logger } from '@wsi-operator/foundation';

export function exitWithParent(logger: Logger, exit: () => void): void {
  if (process.env['WSI_PARENT_PIPE'] !== '1') return;
  process.stdin.on('end', () => {
    logger.warn('the starting process is gone: stopping');
    exit();
  });
  process.stdin.on('error', exit);
  process.stdin.resume();
  process.stdin.unref();
}
