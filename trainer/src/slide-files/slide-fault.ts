/** What is wrong with a slide rather than with the machine or the model: others can go on (pure). */
import type { ErrorCode, WsiError } from '@wsi-operator/foundation';

const SLIDE_FAULTS: ReadonlySet<ErrorCode> = new Set([
  'SlideUnreadable',
  'SlideUnsupported',
  'NoTissue',
  'NotFound',
  'InvalidArgument',
  'Unavailable',
  'Diverged',
]);

export function isSlideFault({ code }: WsiError): boolean {
  return SLIDE_FAULTS.has(code);
}
