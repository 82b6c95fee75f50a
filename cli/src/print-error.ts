/** Errors as people read them: one message, no stack (WSI_LOG_LEVEL=debug shows it, with the causes). */
import { CommanderError } from 'commander';
import { WsiError } from '@wsi-operator/foundation';

/** What is written to standard error; empty when commander has said it already. */
export function errorText(thrown: unknown, debug: boolean): string {
  if (thrown instanceof CommanderError) return '';
  const known = thrown instanceof WsiError && thrown.code !== 'Internal';
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const lines = [`wsi: ${message}`];
  if (debug) lines.push(...stacks(thrown));
  else if (!known) lines.push('This is a fault of wsi. WSI_LOG_LEVEL=debug shows where; please report it.');
  return `${lines.join('\n')}\n`;
}

function stacks(thrown: unknown): string[] {
  const lines: string[] = [];
  let next = thrown;
  // Causes can, in theory, form a ring.
  for (let depth = 0; next instanceof Error && depth < 10; depth += 1) {
    lines.push(`${depth === 0 ? '' : 'caused by '}${next.stack ?? next.message}`);
    next = next.cause;
  }
  return lines;
}
