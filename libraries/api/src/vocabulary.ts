/** The words in which operator, trainer, command line and chart speak of a job: each stands here and nowhere else. */
import { GROUP } from './definition/job.ts';
import { ROLES, type Role } from './definition/role-fields.ts';

export { ROLES, ROLE_FIELDS, type Role } from './definition/role-fields.ts';

/** Labels of a job's pods, and of what else it owns the first. */
export const LABELS = {
  job: `${GROUP}/job-name`,
  role: `${GROUP}/role`,
  replica: `${GROUP}/replica`,
} as const;

export {
  OUTPUT_MOUNT,
  OUTPUT_VOLUME,
  OWN_LABELS,
  OWN_MOUNTS,
  OWN_VOLUMES,
  RPC_PORT,
  STORE_VARIABLES,
  TERMINATION_LOG,
  TRAINER_CONTAINER,
  type OwnVariable,
} from './definition/pod-parts.ts';

/** One slot of a job: the pod in it may be replaced, its name stays. */
export interface Slot {
  readonly role: Role;
  readonly index: number;
}

/** The name of the pod in a slot of the job with this name. */
export function podNameOf(job: string, { role, index }: Slot): string {
  return `${job}-${role}-${index}`;
}

/** The slot that labels speak of; undefined when they are not those of a job's pod. */
export function slotOfLabels(labels: Readonly<Record<string, string>> | undefined): Slot | undefined {
  const role = ROLES.find((candidate) => candidate === labels?.[LABELS.role]);
  const replica = labels?.[LABELS.replica];
  if (role === undefined || replica === undefined || !/^(0|[1-9]\d{0,8})$/.test(replica)) return undefined;
  return { role, index: Number(replica) };
}
