/** Checkpoints, and what happens on failure and after the end. */
import { GANGS } from './gangs.ts';
import { choice, defaulted, integer, list, object, optional, required, text } from '../schema/build.ts';
import { failureRuleRules, runPolicyRules } from './rules.ts';
import { SUBDOMAIN } from './storage.ts';
import { EXIT_CLASSES } from './words.ts';

/** Who looks after a job that names nobody. */
export const OPERATOR_NAME = 'wsi.dev/operator';

/** Kueue, which has the job run on another cluster and brings its status back. */
export const MULTIKUEUE_NAME = 'kueue.x-k8s.io/multikueue';

const controllerName = (description: string) =>
  text(description, {
    maxLength: 253,
    pattern: {
      expression: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?/[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$',
      means: `a domain, / and a word, such as ${MULTIKUEUE_NAME}`,
    },
  });

export const managedBy = controllerName(
  `Controller that reconciles the job; with a name other than ${OPERATOR_NAME} this operator ignores the job. With ${MULTIKUEUE_NAME} it creates the Workload, and Kueue runs the job on another cluster.`,
);

/** Who looks after a job, of which no more than these fields has to be right. */
export function managerOf(spec: {
  readonly managedBy?: unknown;
  readonly runPolicy?: { readonly managedBy?: unknown };
}): unknown {
  return spec.managedBy ?? spec.runPolicy?.managedBy ?? OPERATOR_NAME;
}

export const checkpoint = object('When the state of the run is saved.', {
  everySteps: defaulted(
    integer('Steps between two checkpoints; there is always one at the end and on suspension.', {
      minimum: 1,
      maximum: 1000000000,
      unit: 'steps',
    }),
    10,
  ),
  keep: defaulted(
    integer('How many of the newest checkpoints are kept.', {
      minimum: 1,
      maximum: 1000,
      unit: 'checkpoints',
    }),
    3,
  ),
});

const ROLE_WORDS = {
  coordinator: 'the coordinator',
  server: 'a parameter server',
  worker: 'a worker',
} as const;

const failureRule = object(
  'A rule applies to an end when everything that it names does.',
  {
    action: required(
      choice('What happens.', {
        FailJob: 'the job fails',
        Restart: 'the pod is started again; it counts against backoffLimit',
        Ignore: 'the pod is started again; it does not count',
      }),
    ),
    roles: optional(
      list('Roles that it is about; by default all.', choice('A role.', ROLE_WORDS), {
        minItems: 1,
        maxItems: 3,
      }),
    ),
    exitCodes: optional(
      object("Exit codes of the role's container that it is about.", {
        operator: required(
          choice('How the code is compared.', {
            In: 'it is one of the values',
            NotIn: 'it is none of the values',
          }),
        ),
        values: required(
          list('Exit codes.', integer('An exit code.', { minimum: 0, maximum: 255 }), {
            minItems: 1,
            maxItems: 64,
          }),
        ),
      }),
    ),
    reasons: optional(
      list('Kinds of ends that it is about.', choice('A kind of end.', EXIT_CLASSES), {
        minItems: 1,
        maxItems: 9,
      }),
    ),
  },
  { rules: failureRuleRules },
);

const podFailurePolicy = object(
  'What happens when a pod ends early, if it differs from the default: input fails the job; stopped, disrupted and deleted do not count; everything else counts.',
  {
    rules: required(
      list('Rules; the first that applies decides.', failureRule, { minItems: 1, maxItems: 20 }),
    ),
  },
);

export const runPolicy = object(
  'Failure, clean-up and admission.',
  {
    backoffLimit: defaulted(
      integer(
        'The job fails when one pod has failed more often than this in a row without progress of the run.',
        {
          minimum: 0,
          maximum: 1000,
          unit: 'failures',
        },
      ),
      6,
    ),
    activeDeadlineSeconds: optional(
      integer(
        'The job fails when it has not ended after so much active time: in which the coordinator, all servers and a worker run. Time in a queue, suspended, or waiting for places, quotas and images does not count.',
        {
          minimum: 1,
          maximum: 315360000,
          unit: 's',
        },
      ),
    ),
    ttlSecondsAfterFinished: optional(
      integer('Time after its end until the job is deleted; without it, the job is kept.', {
        minimum: 0,
        maximum: 315360000,
        unit: 's',
      }),
    ),
    cleanPodPolicy: defaulted(
      choice('Which pods are deleted when the job ends.', {
        All: 'all of them',
        Running: 'those still running; finished ones stay for their logs',
        None: 'none',
      }),
      'Running',
    ),
    managedBy: optional(
      controllerName('Outdated: use managedBy of the spec, which other controllers read, too.'),
    ),
    gang: optional(
      choice(
        "Who starts all pods together or none; by default the operator's setting, which is none at first.",
        {
          none: 'none: pods start as they are scheduled',
          ...GANGS,
        },
      ),
    ),
    queue: optional(
      text(
        "Queue of the gang: a LocalQueue of Kueue or a Queue of Volcano; by default the operator's setting.",
        {
          maxLength: 253,
          pattern: SUBDOMAIN,
        },
      ),
    ),
    podFailurePolicy: optional(podFailurePolicy),
  },
  { rules: runPolicyRules },
);
