/** Who may start all pods of a job together or none: `runPolicy.gang`, the operator's setting and the chart's rights. */
export const GANGS = {
  kueue: 'Kueue admits the job as a whole',
  volcano: 'Volcano schedules its pods as a group',
  coscheduling: 'the coscheduling plug-in schedules its pods as a group',
  native: 'the scheduler of Kubernetes, by its Workload API',
} as const;

export type GangName = keyof typeof GANGS;

/** Those with queues of their own, which `runPolicy.queue` names. */
export const QUEUED_GANGS: readonly GangName[] = ['kueue', 'volcano'];

/** The same as a list in CEL. */
export const QUEUED_GANGS_CEL = `[${QUEUED_GANGS.map((name) => `'${name}'`).join(', ')}]`;

export const GANG_NAMES = Object.keys(GANGS) as readonly GangName[];
