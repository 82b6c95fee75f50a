/** What the operator reports. Every field may be absent: an old or a new job has not got all of them yet. */
import { choice, flag, integer, list, map, object, optional, real, required, text } from '../schema/build.ts';
import { autoscalingStatus } from './autoscaling.ts';
import { CONDITION_STATUSES, CONDITION_TYPES, PHASES } from './words.ts';

const count = (description: string, unit: string) => integer(description, { minimum: 0, unit });
const time = (description: string) => text(description, { maxLength: 40, format: 'date-time' });

const condition = object('One observation about the job.', {
  type: required(choice('What is observed.', CONDITION_TYPES)),
  status: required(choice('Whether it holds.', CONDITION_STATUSES)),
  observedGeneration: optional(count('Generation of the spec that was observed.', 'generation')),
  lastTransitionTime: required(time('When `status` last changed.')),
  reason: required(
    text('Reason of the last change, for machines.', {
      pattern: { expression: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$', means: 'one word in CamelCase' },
    }),
  ),
  message: required(text('The same for people.', { minLength: 0, maxLength: 32768 })),
});

const role = object('Pods of one role.', {
  replicas: optional(count('Pods that exist.', 'pods')),
  ready: optional(count('Pods that are running and ready.', 'pods')),
  desired: optional(count('Pods that should exist.', 'pods')),
  succeeded: optional(count('Pods that ended well.', 'pods')),
  failed: optional(count('Pods that failed.', 'pods')),
  restarts: optional(count('Pods that were started again.', 'restarts')),
  summary: optional(text('Ready and desired pods, such as 3/4.', { maxLength: 32 })),
  selector: optional(text('Label selector of the pods, for the scale subresource.')),
});

const progress = object('How far the run is.', {
  epoch: optional(count('Epoch under way, from 0.', 'epoch')),
  epochs: optional(count('Epochs in all.', 'epochs')),
  step: optional(count('Steps done.', 'steps')),
  steps: optional(count('Steps in all.', 'steps')),
  stepTiles: optional(count('Tiles of the step under way.', 'tiles')),
  stepTilesDone: optional(count('Tiles of the step under way that are done.', 'tiles')),
  slides: optional(count('Slides of the cohort.', 'slides')),
  surveyedSlides: optional(count('Slides whose tiles are known.', 'slides')),
  surveyedTiles: optional(count('Tiles on these slides.', 'tiles')),
  fraction: optional(real('Share of the run that is done.', { minimum: 0, maximum: 1, unit: 'fraction' })),
  etaSeconds: optional(real('Time to the end at the present rate.', { minimum: 0, unit: 's' })),
  summary: optional(text('The progress in words, such as 42% 3/7 epochs.', { maxLength: 64 })),
  eta: optional(text('The time to the end in words, such as 1h 5m.', { maxLength: 32 })),
});

/** Kept in the status so that an operator that is restarted neither forgets an end nor counts it twice. */
const podFailure = object('How the pods of one name have ended before their time.', {
  pod: required(
    text('Name of the pod; with * for its number: pods of the role that have recovered.', { maxLength: 253 }),
  ),
  uid: required(text('The pod whose end was counted last.', { minLength: 0, maxLength: 128 })),
  failures: required(count('Ends in all.', 'ends')),
  inARow: required(
    count('Ends since the job last got further; sets the delay before the next start.', 'ends'),
  ),
  counted: required(count('Those of them that count against runPolicy.backoffLimit.', 'ends')),
  step: required(count('Furthest step that the job had reached by the last end.', 'steps')),
  time: required(time('When its last end was seen; the delay before the next start begins then.')),
  reason: required(text('What kind of end the last one was, in one word.', { maxLength: 64 })),
  exitCode: optional(integer('Exit code of the last one.', { minimum: 0, maximum: 255, unit: 'code' })),
  message: required(
    text('The last one in words; shortened where there are many.', { minLength: 0, maxLength: 4096 }),
  ),
});

const sum = (description: string, unit: string) => real(description, { minimum: 0, unit });

/** The same numbers as in `metrics.jsonl` and in the coordinator's `Status`. */
const window = object(
  'The newest stretch of training, of whole steps and with the same pods, that was measured.',
  {
    workers: optional(count('Workers that took part.', 'workers')),
    servers: optional(count('Parameter servers that took part.', 'servers')),
    steps: optional(count('Steps in it.', 'steps')),
    tiles: optional(count('Tiles of these steps.', 'tiles')),
    seconds: optional(sum('How long it took.', 's')),
    tilesPerSecond: optional(sum('Tiles by seconds.', 'tiles/s')),
    phaseSeconds: optional(
      map(
        'Time by phase, summed over the workers: about workers x seconds in all. The phases are open, read, decode, ' +
          'queue, forward, backward, push, pull, leaseWait and barrierWait.',
        sum('Time.', 's'),
        16,
      ),
    ),
    bottleneck: optional(text('The phase that took longest.', { maxLength: 64 })),
    bytesSent: optional(count('Sent by the workers to parameter servers.', 'bytes')),
    bytesReceived: optional(count('Received by the workers from parameter servers.', 'bytes')),
    processorSeconds: optional(sum("Time on processors, of all the workers' threads.", 's')),
  },
);

const peakBytes = (who: string) => optional(count(`Largest resident memory of ${who}.`, 'bytes'));

export const status = object('State of the job, written by the operator.', {
  observedGeneration: optional(count('Generation of the spec that this status belongs to.', 'generation')),
  phase: optional(choice('The conditions in one word.', PHASES)),
  conditions: optional(list('Observations, one for each type.', condition, { maxItems: 16, key: 'type' })),
  coordinator: optional(role),
  parameterServers: optional(role),
  workers: optional(role),
  progress: optional(progress),
  throughput: optional(
    object('Rate of the run.', {
      tilesPerSecond: optional(real('Tiles that went through training.', { minimum: 0, unit: 'tiles/s' })),
      window: optional(window),
    }),
  ),
  memory: optional(
    object('Peak memory of each role.', {
      coordinator: peakBytes('the coordinator'),
      parameterServers: peakBytes('any parameter server'),
      workers: peakBytes('any worker'),
      current: optional(
        object('What the largest process of each role holds now.', {
          coordinator: optional(count('The coordinator.', 'bytes')),
          parameterServers: optional(count('The largest parameter server.', 'bytes')),
          workers: optional(count('The largest worker.', 'bytes')),
        }),
      ),
      device: optional(count('Most memory of its device that any worker has used; absent on CPUs.', 'bytes')),
    }),
  ),
  autoscaling: optional(autoscalingStatus),
  metrics: optional(map('The last metrics, by name.', real('Value of the metric.'), 256)),
  parametersSha256: optional(
    text('Digest of the parameters after the last finished step.', {
      maxLength: 64,
      pattern: { expression: '^[0-9a-f]{64}$', means: '64 hexadecimal digits' },
    }),
  ),
  checkpoint: optional(
    object('The newest checkpoint.', {
      step: optional(count('Step after which it was taken.', 'steps')),
      path: optional(text('Where it is.', { maxLength: 4096 })),
    }),
  ),
  restarts: optional(count('Restarts that count against runPolicy.backoffLimit.', 'restarts')),
  failures: optional(
    list('Ends of pods, one entry for each pod that has ended before its time.', podFailure, {
      maxItems: 1100,
      key: 'pod',
    }),
  ),
  warnings: optional(
    list(
      'What needs attention although the job continues.',
      object('A warning.', {
        reason: required(text('The warning in one word.', { maxLength: 64 })),
        message: required(text('The same for people.', { minLength: 0, maxLength: 1024 })),
      }),
      { maxItems: 16, key: 'reason' },
    ),
  ),
  updateTime: optional(time('When this status was written.')),
  message: optional(text('What the run is doing, or what it waits for.', { minLength: 0, maxLength: 32768 })),
  suspended: optional(flag('Whether every pod is gone because of `suspend`.')),
  startTime: optional(time('When the job was first started.')),
  activeSeconds: optional(
    real(
      'Time in which the coordinator, all servers and a worker ran, without the current period (the condition Running has its start). runPolicy.activeDeadlineSeconds limits this time.',
      { minimum: 0, unit: 's' },
    ),
  ),
  completionTime: optional(time('When the job ended.')),
});
