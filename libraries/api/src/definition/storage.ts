/** Where a job finds its data on a cluster, and where its output stays. Without meaning on one machine. */
import {
  choice,
  defaulted,
  flag,
  forms,
  list,
  object,
  optional,
  quantity,
  required,
  text,
} from '../schema/build.ts';
import { dataRules, outputRules } from './rules.ts';

export const SUBDOMAIN = {
  expression: '^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$',
  means: 'the name of a Kubernetes object: lower-case letters, digits, - and .',
} as const;

const claimName = (description: string) => text(description, { maxLength: 253, pattern: SUBDOMAIN });

const data = object(
  'A PersistentVolumeClaim with the cohort, mounted into the coordinator and the workers.',
  {
    claimName: required(claimName("Claim in the job's namespace.")),
    mountPath: defaulted(
      text('Directory at which it appears; relative paths of the cohort are resolved against it.', {
        maxLength: 512,
        pattern: {
          expression: '^(/[A-Za-z0-9._-]+)+$',
          means: 'an absolute path without a slash at its end',
        },
      }),
      '/data',
    ),
    readOnly: defaulted(flag('Whether it is mounted so that nothing can be written to it.'), true),
  },
  { rules: dataRules },
);

const output = forms(
  "Where checkpoints and results are kept. Give either `claimName`, or `size` to have a claim made. Without it the output is lost with the coordinator's pod, unless its template has a volume named `output`.",
  {
    common: {},
    forms: {
      given: { claimName: required(claimName("An existing claim in the job's namespace.")) },
      made: {
        size: required(quantity('Size of the claim JOB-output that is made for the job.', 'bytes')),
        storageClassName: optional(text("Storage class; by default the cluster's own.", { maxLength: 253 })),
        accessModes: defaulted(
          list(
            'How it may be mounted.',
            choice('An access mode.', {
              ReadWriteOnce: 'by the pods of one node',
              ReadWriteOncePod: 'by one pod',
              ReadWriteMany: 'by pods of any node',
            }),
            { minItems: 1, maxItems: 3 },
          ),
          ['ReadWriteOnce'],
        ),
        retain: defaulted(
          flag('Whether the claim outlives the job; a job of the same name goes on from it.'),
          true,
        ),
      },
    },
    rules: outputRules,
  },
);

export const storage = object(
  'Volumes for data and output on a cluster. `wsi run` ignores it: there the cohort is read from its paths, and `--output` names the directory.',
  { data: optional(data), output: optional(output) },
);
