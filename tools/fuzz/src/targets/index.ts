import type { FuzzTarget } from '../target.ts';
import { messageTargets } from './messages.ts';
import { slideTargets } from './slides.ts';
import { textTargets } from './texts.ts';

/** One a parser of what strangers write. */
export const targets: readonly FuzzTarget[] = [...slideTargets, ...textTargets, ...messageTargets];
