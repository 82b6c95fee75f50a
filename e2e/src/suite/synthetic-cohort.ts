/**
 * The cohort that the suites train on: made twice by the product's own synthesis, on a claim of the cluster by a pod of
 * the trainer's image, and in a directory here, so that a run on the cluster can be held against one on this machine.
 */
import { join } from 'node:path';
import type { KubernetesObject } from '@wsi-operator/controller';
import { synthesizeCohort, type SynthesisOptions } from '@wsi-operator/cohort';
import type { Session } from './session.ts';

export const COHORT_CLAIM = 'cohort';
export const COHORT_POD = 'make-cohort';
export const COHORT_MOUNT = '/data';

/** Small: a run takes seconds. Large enough that faults hit steps under way. */
export const COHORT: Omit<SynthesisOptions, 'output'> = {
  slides: 8,
  width: 448,
  height: 384,
  task: 'cooccurrence',
  seed: 2,
};

/** Makes the cohort in a directory. @returns the values for `--set` that point a job at it */
export async function makeCohortHere(directory: string): Promise<string[]> {
  const { table } = await synthesizeCohort({ ...COHORT, output: directory });
  return [`cohort.table=${table}`, `cohort.slides=${join(directory, 'slides')}`];
}

/** Makes the cohort on a claim of the namespace, and waits until it is there. */
export async function makeCohort(session: Session, namespace: string): Promise<void> {
  await session.apply(...cohortObjects(namespace, session.file.trainerImage));
  await podSucceeds(session, namespace, COHORT_POD);
}

export async function podSucceeds(session: Session, namespace: string, pod: string): Promise<void> {
  const phase = await session.until(`pod ${pod} ends`, async () => {
    const { status } = await session.get('pod', pod, namespace);
    const ended = status?.phase === 'Succeeded' || status?.phase === 'Failed';
    return ended ? { done: status.phase as string } : { seen: status };
  });
  if (phase === 'Succeeded') return;
  throw new Error(`${pod} failed:\n${await session.kubectl(['logs', pod, '-n', namespace, '--tail=20'])}`);
}

/** A claim, and a pod that fills it and ends. */
export function cohortObjects(namespace: string, trainerImage: string): KubernetesObject[] {
  return [
    {
      apiVersion: 'v1',
      kind: 'PersistentVolumeClaim',
      metadata: { name: COHORT_CLAIM, namespace },
      spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } },
    },
    scriptPod(namespace, trainerImage, {
      name: COHORT_POD,
      script: SCRIPT,
      environment: { OPTIONS: JSON.stringify({ ...COHORT, output: COHORT_MOUNT }) },
    }),
  ];
}

export interface PodScript {
  readonly name: string;
  /** An ES module. */
  readonly script: string;
  readonly environment?: Readonly<Record<string, string>>;
}

/** A pod of the trainer's image that has the cohort's claim at {@link COHORT_MOUNT}, runs a script and ends. */
export function scriptPod(
  namespace: string,
  trainerImage: string,
  { name, script, environment = {} }: PodScript,
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: restrictedPod,
      containers: [
        {
          name: 'script',
          image: trainerImage,
          imagePullPolicy: 'IfNotPresent',
          command: ['/usr/local/bin/node', '--input-type=module', '--eval', script],
          env: Object.entries(environment).map(([variable, value]) => ({ name: variable, value })),
          securityContext: restrictedContainer,
          volumeMounts: [
            { name: 'cohort', mountPath: COHORT_MOUNT },
            { name: 'temporary', mountPath: '/tmp' },
          ],
        },
      ],
      volumes: [
        { name: 'cohort', persistentVolumeClaim: { claimName: COHORT_CLAIM } },
        { name: 'temporary', emptyDir: {} },
      ],
    },
  };
}

const SCRIPT = `
import { synthesizeCohort } from '@wsi-operator/cohort';
await synthesizeCohort(JSON.parse(process.env.OPTIONS));
`;

/** What the Pod Security Standard `restricted` asks of a pod. */
export const restrictedPod = {
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  fsGroup: 65532,
  seccompProfile: { type: 'RuntimeDefault' },
} as const;

/** What the Pod Security Standard `restricted` asks of a container. */
export const restrictedContainer = {
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
} as const;
