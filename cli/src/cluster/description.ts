/** `describe`: everything about a job on one page (pure). */
import { count } from '@wsi-operator/statistics';
import { age, shortAge } from './ages.ts';
import { nextSteps, type AdviceInput } from './advice.ts';
import { jobDetails, oneLine } from './job-details.ts';
import { podState, trainerStatus } from './pod-state.ts';
import { formatFields, formatTable, indent } from './table.ts';
import { byPlace, shortName, type ClusterEvent, type Pod, type StoredJob } from './wire.ts';

export interface DescriptionInput extends AdviceInput {
  /** Width of the terminal, in characters. */
  readonly columns: number;
}

export function describeJob(input: DescriptionInput): string {
  const { job, pods, events, now } = input;
  const steps = nextSteps(input)
    .map((step) => `  ${step}\n`)
    .join('');
  return [
    jobDetails(job, input),
    `Spec\n${indent(formatFields(specFields(job)))}`,
    `Pods\n${indent(podTable(pods, now))}`,
    `Events\n${indent(eventTable(events, now))}`,
    `Next\n${steps}`,
  ].join('\n');
}

function tileFields({ cohort, patches, model }: StoredJob['spec']): (readonly [string, string])[] {
  const parts = `${model.aggregator.name}, ${model.head.name}`;
  if (cohort.features !== undefined) {
    return [
      ['Cohort', `${cohort.table}, features in ${cohort.features}, ${cohort.outcome.type}`],
      ['Model', parts],
    ];
  }
  const resolution = patches.mpp === undefined ? `level ${patches.level}` : `${patches.mpp} um/px`;
  return [
    ['Cohort', `${cohort.table}, slides in ${cohort.slides}, ${cohort.outcome.type}`],
    ['Patches', `${patches.size} px at ${resolution}`],
    ['Model', `${model.encoder.name}, ${parts}`],
  ];
}

function specFields({ spec }: StoredJob): (readonly [string, string])[] {
  const { training, runPolicy } = spec;
  const deadline = runPolicy.activeDeadlineSeconds;
  const gang = runPolicy.gang ?? 'none';
  return [
    ...tileFields(spec),
    [
      'Training',
      `${count(training.epochs, 'epoch')}, ${count(training.slidesPerStep, 'slide')} a step, ${training.optimizer.name}`,
    ],
    [
      'Pods',
      `${count(spec.parameterServers.replicas, 'server')}, ${count(spec.workers.replicas, 'worker')}, gang ${gang}`,
    ],
    [
      'Policy',
      `backoffLimit ${runPolicy.backoffLimit}, cleanPodPolicy ${runPolicy.cleanPodPolicy}` +
        (deadline === undefined ? '' : `, activeDeadlineSeconds ${deadline}`) +
        (spec.suspend ? ', suspend' : ''),
    ],
  ];
}

function podTable(pods: readonly Pod[], now: number): string {
  if (pods.length === 0) return 'none\n';
  const rows = [...pods].sort(byPlace).map((pod) => {
    const { state, why } = podState(pod);
    const ready = trainerStatus(pod)?.ready === true ? 'yes' : 'no';
    const node = pod.spec?.nodeName ?? '-';
    return [shortName(pod), state, ready, node, shortAge(pod.metadata.creationTimestamp, now), oneLine(why)];
  });
  return formatTable(['POD', 'STATE', 'READY', 'NODE', 'AGE', 'WHY'], rows);
}

const MOST_EVENTS = 40;

function eventTable(events: readonly ClusterEvent[], now: number): string {
  if (events.length === 0) return 'none (the cluster keeps them for an hour or so)\n';
  const sorted = [...events].sort((one, other) => eventTime(one) - eventTime(other));
  const rows = sorted.slice(-MOST_EVENTS).map((event) => {
    const count = event.series?.count ?? event.count ?? 1;
    return [
      `${age(new Date(eventTime(event)).toISOString(), now)} ago`,
      event.type ?? '',
      event.reason ?? '',
      event.involvedObject?.name ?? '',
      `${oneLine(event.message ?? '')}${count > 1 ? ` (${count} times)` : ''}`,
    ];
  });
  const left = sorted.length - rows.length;
  const earlier = left > 0 ? `(${left} earlier ones are left out)\n` : '';
  return `${earlier}${formatTable(['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'], rows)}`;
}

/** When it was seen last, by whichever field is filled: the two APIs for events fill different ones. */
export function eventTime(event: ClusterEvent): number {
  const times = [
    event.series?.lastObservedTime,
    event.lastTimestamp,
    event.eventTime,
    event.firstTimestamp,
    event.metadata.creationTimestamp,
  ];
  return times.map((time) => Date.parse(time ?? '')).find((time) => !Number.isNaN(time)) ?? 0;
}
