/**
 * A rule of isolation, in CEL: the same text is evaluated by the operator before it makes a pod, by `wsi validate`, and by
 * the API server as a ValidatingAdmissionPolicy. It sees `one.self`, a part of a job (see subjects.ts), and `variables`, the
 * administrator's settings. What a template leaves out, the operator sets: only contradictions are named.
 */
import type { SubjectName } from './subjects.ts';

export interface IsolationRule {
  readonly name: string;
  readonly subject: SubjectName;
  /** The profiles in which it holds; `baseline`: in `restricted` as well. */
  readonly holds: 'always' | 'baseline' | 'restricted';
  /** What has to be true. */
  readonly cel: string;
  /** The field to blame, from the subject. */
  readonly field: string;
  readonly problem: string;
  readonly remedy: string;
}

const GUARDS = {
  always: '',
  baseline: "variables.profile == 'privileged' || ",
  restricted: "variables.profile != 'restricted' || ",
} as const;

/** Of one subject, whatever the profile. */
export function conditionOf({ holds, cel }: IsolationRule): string {
  return `${GUARDS[holds]}(${cel})`;
}
