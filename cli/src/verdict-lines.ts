/** A verdict on a terminal: the result, what it is worth, and what to do next (pure). */
import type { Verdict } from '@wsi-operator/statistics';

export function verdictLines({ result, headline, reasons, next }: Verdict): string[] {
  return [
    '',
    result,
    `${headline}.`,
    ...reasons.map((reason) => `  ${reason}`),
    ...(next.length === 0 ? [] : ['Next:', ...next.map((step) => `  - ${step}`)]),
    '',
  ];
}
