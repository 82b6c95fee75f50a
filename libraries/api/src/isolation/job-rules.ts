/** Of the job as a whole: gangs, queues, and the labels by which others would queue its pods. */
import { QUEUED_GANGS_CEL } from '../definition/gangs.ts';
import { QUEUE_LABEL } from '../queue-label.ts';
import { given, listed, when, words } from './given.ts';
import type { IsolationRule } from './rule.ts';

/** By which Kueue orders jobs. */
export const PRIORITY_LABEL = 'kueue.x-k8s.io/priority-class';
/** On a pod, as label or annotation: Kueue and Volcano would queue it on its own. */
const QUEUE_KEYS = [QUEUE_LABEL, 'scheduling.volcano.sh/queue-name', 'volcano.sh/queue-name'] as const;

const labels = 'one.self.metadata.labels';
const hasLabel = (label: string): string => `${given('metadata.labels')} && '${label}' in ${labels}`;
const queueLabel = `${labels}['${QUEUE_LABEL}']`;
const isQueued = `(${hasLabel(QUEUE_LABEL)} && ${queueLabel} != '')`;
/** As the operator understands the job: its own word, the label, the administrator's setting. */
const GANG = `(${given('spec.runPolicy.gang')} ? one.self.spec.runPolicy.gang : (${isQueued} ? 'kueue' : variables.defaultGang))`;
const QUEUE = `(${given('spec.runPolicy.queue')} ? one.self.spec.runPolicy.queue : (${isQueued} ? ${queueLabel} : variables.defaultQueue))`;

const job = (rule: Omit<IsolationRule, 'subject' | 'holds'>): IsolationRule => ({
  ...rule,
  subject: 'jobs',
  holds: 'always',
});

export const jobRules: readonly IsolationRule[] = [
  job({
    name: 'gangs',
    cel: listed('gangs', GANG),
    field: 'spec.runPolicy.gang',
    problem: 'must be one that isolation.gangs allows',
    remedy: "Leave it out to have the administrator's.",
  }),
  job({
    name: 'queues',
    cel: `!(${GANG} in ${QUEUED_GANGS_CEL}) || ${listed('queues', QUEUE)}`,
    field: 'spec.runPolicy.queue',
    problem: 'must be one that isolation.queues allows',
    remedy: "Name one of them, or leave it out to have the administrator's.",
  }),
  job({
    name: 'queue-priorities',
    cel: `!(${hasLabel(PRIORITY_LABEL)}) || ${listed('priorityClasses', `${labels}['${PRIORITY_LABEL}']`)}`,
    field: `metadata.labels[${PRIORITY_LABEL}]`,
    problem: 'must be one that isolation.priorityClasses allows',
    remedy: 'Leave it out, or ask the administrator.',
  }),
  ...(['labels', 'annotations'] as const).map((field): IsolationRule => ({
    name: `queues-in-${field}`,
    subject: 'podMetadata',
    holds: 'always',
    cel: when(
      field,
      (map) => `${map}.all(key, !(key in ${words(QUEUE_KEYS)}) || ${listed('queues', `${map}[key]`)})`,
    ),
    field,
    problem: `must name no queue (${QUEUE_KEYS.join(', ')}) but those that isolation.queues allows`,
    remedy: 'Write runPolicy.queue.',
  })),
];
