/** Slides that a run leaves out, as its status reports them: how many, and why (pure). */
import type { WsiTrainingJobStatus } from '@wsi-operator/api';

/** What the coordinator says of its quarantine, up to the end of the message: reasons may hold any text. */
const QUARANTINED = /(?<what>(?<count>\d+) slides? (?:is|are) quarantined): .*/s;

export interface LeftOut {
  readonly slides: number;
  /** With the reasons. */
  readonly text: string;
}

export function leftOutOf({ message = '' }: WsiTrainingJobStatus): LeftOut | undefined {
  const found = QUARANTINED.exec(message);
  return found === null ? undefined : { slides: Number(found.groups?.['count']), text: found[0] };
}

/** For a line that is shown again and again. */
export function withoutReasons(message: string): string {
  return message.replace(QUARANTINED, '$<what>');
}
