/** What the user leaves to the autoscaler (`spec.autoscaling`), and what it knows and has decided (`status.autoscaling`). */
import {
  choice,
  defaulted,
  flag,
  integer,
  list,
  object,
  optional,
  quantity,
  real,
  required,
  text,
} from '../schema/build.ts';
import { DURATION_EXPRESSION } from '../durations.ts';
import { autoscalingRules } from './rules.ts';

const OBJECTIVES = {
  efficiency: 'as many workers as each bring at least `efficiencyFloor`',
  throughput: 'as many as bring anything worth mentioning (`tolerance`)',
  deadline: 'as few as end the run in time',
  cost: 'the size at which a tile costs least, with what waiting costs (`waitingCostPerHour`); in time, if there is a deadline',
} as const;

const MOST_WORKERS = 999;
const MOST_SERVERS = 64;

const memory = object('Requests and limits of memory, of roles whose template has them.', {
  raise: defaulted(
    flag('Raise them from the measured peak, and by half after the kernel has killed for memory.'),
    true,
  ),
  maximum: optional(quantity('Never above that.', 'bytes')),
  headroom: defaulted(
    real('Room above the peak.', { minimum: 0, maximum: 10, unit: 'fraction of the peak' }),
    0.2,
  ),
});

const stragglers = object('Workers that are slower than the others.', {
  replace: defaulted(flag('Restart them, at most once in half an hour.'), true),
  slowdown: defaulted(
    real('How many times slower than the median.', { minimum: 1.1, maximum: 1000, unit: 'times' }),
    2,
  ),
});

export const autoscaling = object(
  'Lets the operator choose the number of workers from what is measured; all of it may change at any time.',
  {
    objective: defaulted(choice('What is aimed at.', OBJECTIVES), 'efficiency'),
    minimumWorkers: defaulted(
      integer('Fewest workers.', { minimum: 1, maximum: MOST_WORKERS, unit: 'pods' }),
      1,
    ),
    maximumWorkers: optional(
      integer('Most workers; without it, as many as there are blocks in a step.', {
        minimum: 1,
        maximum: MOST_WORKERS,
        unit: 'pods',
      }),
    ),
    minimumServers: optional(
      integer('Fewest parameter servers; only with maximumServers, by default 1.', {
        minimum: 1,
        maximum: MOST_SERVERS,
        unit: 'pods',
      }),
    ),
    maximumServers: optional(
      integer(
        'Most parameter servers. With it their number is chosen, too: where the job starts anyway, and by a restart from a checkpoint that saves more than twice its time. Without it there are parameterServers.replicas.',
        { minimum: 1, maximum: MOST_SERVERS, unit: 'pods' },
      ),
    ),
    efficiencyFloor: defaulted(
      real('Least gain of one more worker, relative to what the first one brings.', {
        minimum: 0,
        maximum: 1,
        unit: 'fraction',
      }),
      0.7,
    ),
    tilesPerSecond: optional(
      real('Throughput that is enough: with every objective, no more workers are used than it needs.', {
        minimum: 0,
        exclusiveMinimum: true,
        unit: 'tiles/s',
      }),
    ),
    deadline: optional(
      text('Time from the first start in which the run should end, such as 90m or 1h30m.', {
        maxLength: 32,
        pattern: { expression: DURATION_EXPRESSION, means: 'a duration such as 45s, 90m or 1h30m' },
      }),
    ),
    workerCostPerHour: defaulted(
      real('Cost of a worker.', { minimum: 0, maximum: 1e9, unit: 'any currency, per hour' }),
      1,
    ),
    serverCostPerHour: defaulted(
      real('Cost of a parameter server.', { minimum: 0, maximum: 1e9, unit: 'the same, per hour' }),
      0.5,
    ),
    waitingCostPerHour: defaulted(
      real(
        'Cost of every hour that the run lasts: what it is worth to have the result an hour earlier. With it the objective cost weighs time against devices; without it only devices count.',
        { minimum: 0, maximum: 1e9, unit: 'the same, per hour' },
      ),
      0,
    ),
    stabilisationSeconds: defaulted(
      integer('How long a larger size must have been recommended before it is used.', {
        minimum: 0,
        maximum: 3600,
        unit: 's',
      }),
      60,
    ),
    scaleDownStabilisationSeconds: defaulted(
      integer('How long a smaller size must have been recommended before it is used.', {
        minimum: 0,
        maximum: 3600,
        unit: 's',
      }),
      300,
    ),
    tolerance: defaulted(
      real('Gains that are predicted to be smaller move nothing.', {
        minimum: 0,
        maximum: 0.9,
        unit: 'fraction',
      }),
      0.05,
    ),
    memory: defaulted(memory, {}),
    stragglers: defaulted(stragglers, {}),
  },
  { rules: autoscalingRules },
);

const count = (description: string, unit: string) => integer(description, { minimum: 0, unit });
const time = (description: string) => text(description, { maxLength: 40, format: 'date-time' });
const rate = (description: string) => real(description, { minimum: 0, unit: 'tiles/s' });

/** A few numbers of JSON; as text, since its fields are the model's own and change with its version. */
export const LONGEST_MODEL = 8192;
const model = (description: string) => text(description, { maxLength: LONGEST_MODEL });

const DECISION_KINDS = {
  workers: 'the number of workers',
  servers: 'the number of parameter servers',
  memory: 'the memory of a role',
  replacement: 'a worker is restarted',
} as const;

const decision = object('A change.', {
  time: required(time('When it was decided.')),
  what: required(choice('What changes.', DECISION_KINDS)),
  from: optional(count('Number before; bytes of memory.', 'pods or bytes')),
  to: optional(count('Number from then on; bytes of memory.', 'pods or bytes')),
  reason: required(text('Why, in words and numbers.', { minLength: 0, maxLength: 1024 })),
});

const cap = object('How many workers there was room for, until that is tried again.', {
  workers: required(count('Workers that found room.', 'pods')),
  until: required(time('When more are tried again.')),
  tries: required(count('How often in a row there was no room; the wait doubles.', 'times')),
});

const raised = (who: string) =>
  optional(
    object(`Memory of ${who}, where it was raised.`, {
      requestBytes: required(count('Request.', 'bytes')),
      limitBytes: optional(count('Limit, where the template has one.', 'bytes')),
    }),
  );

const refusedMemory = object('A size that was refused.', {
  requestBytes: required(count('Request.', 'bytes')),
  limitBytes: optional(count('Limit, where the template has one.', 'bytes')),
  until: required(time('When it may be asked for again.')),
  tries: required(count('How often in a row it was refused; the wait doubles.', 'times')),
});

export const autoscalingStatus = object(
  'What the autoscaler knows and has decided; without spec.autoscaling only what is known.',
  {
    workers: optional(count('Desired workers; overrides spec.workers.replicas.', 'pods')),
    servers: optional(count('Desired parameter servers; overrides spec.parameterServers.replicas.', 'pods')),
    advisedServers: optional(count('Parameter servers that would be best.', 'pods')),
    replicas: optional(count('spec.workers.replicas at the last reconcile.', 'pods')),
    reason: optional(text('Why it is so, in words and numbers.', { minLength: 0, maxLength: 2048 })),
    advice: optional(
      list('What the user could do.', text('A piece of advice.', { minLength: 0, maxLength: 512 }), {
        maxItems: 8,
      }),
    ),
    predicted: optional(
      object('What the model says of the present size.', {
        tilesPerSecond: required(rate('Throughput.')),
        low: required(rate('Lower end of its 90% interval.')),
        high: required(rate('Upper end of its 90% interval.')),
        efficiency: required(
          real('Gain of the last worker, relative to what the first one brings.', {
            minimum: 0,
            unit: 'fraction',
          }),
        ),
      }),
    ),
    decisions: optional(list('The last changes, oldest first.', decision, { maxItems: 16 })),
    changes: optional(count('Changes of the number of workers or servers in all.', 'changes')),
    remainingTiles: optional(count('Tiles that were left to train when it was decided.', 'tiles')),
    time: optional(time('When it was decided or confirmed.')),
    notBefore: optional(time('When a change that is held back now may happen.')),
    basis: optional(text('Digest of what it was decided from.', { maxLength: 64 })),
    shape: optional(text('Jobs with the same one may begin with each other’s model.', { maxLength: 512 })),
    model: optional(model('The performance model, as JSON with a version.')),
    warmStart: optional(
      object('The model that this job began with.', {
        job: required(text('The job that it was measured on.', { maxLength: 253 })),
        model: required(model('The performance model, as JSON with a version.')),
      }),
    ),
    memory: optional(
      object('Memory that was raised.', {
        coordinator: raised('the coordinator'),
        parameterServers: raised('the parameter servers'),
        workers: raised('the workers'),
      }),
    ),
    memoryAccepted: optional(
      object(
        'The largest memory with which a pod has run since it was raised: what a raise that is refused goes back to.',
        {
          coordinator: raised('the coordinator'),
          parameterServers: raised('the parameter servers'),
          workers: raised('the workers'),
        },
      ),
    ),
    memoryRefused: optional(
      object('A raise that the cluster has refused, until it is tried again.', {
        coordinator: optional(refusedMemory),
        parameterServers: optional(refusedMemory),
        workers: optional(refusedMemory),
      }),
    ),
    serversAccepted: optional(
      count('Servers with which the job has run last: what a raise that finds no room goes back to.', 'pods'),
    ),
    serversRefused: optional(
      object('A number of servers that found no room, until it is tried again.', {
        servers: required(count('Servers.', 'pods')),
        until: required(time('When this number may be requested again.')),
        tries: required(count('How often in a row there was no room; the wait doubles.', 'times')),
      }),
    ),
    trial: optional(
      object(
        'One worker more, which shows whether a raised size is accepted before a healthy worker is replaced.',
        {
          pod: required(text('The pod that is to be replaced.', { maxLength: 253 })),
          uid: required(text('The same by its uid.', { minLength: 0, maxLength: 128 })),
          since: required(time('When it was begun.')),
        },
      ),
    ),
    trialNotBefore: optional(time('When there may be another trial, after one that found no room.')),
    schedulable: optional(cap),
    quota: optional(cap),
    recommendations: optional(
      list(
        'What the model recommended for the objective, within the stabilisation windows.',
        object('A recommendation.', {
          time: required(time('When.')),
          workers: required(count('Workers.', 'pods')),
        }),
        { maxItems: 64 },
      ),
    ),
    replaced: optional(
      list(
        'Workers that were restarted within the last hour.',
        object('A worker.', {
          pod: required(text('Its pod.', { maxLength: 253 })),
          uid: required(text('The pod that was to go.', { minLength: 0, maxLength: 128 })),
          time: required(time('When that was decided.')),
        }),
        { maxItems: 64 },
      ),
    ),
  },
);
