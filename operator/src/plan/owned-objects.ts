/** Everything that a job owns besides its pods: what is desired, what is missing or has drifted, what is left over. */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { ClusterSettings } from '../job/settings.ts';
import type { Observed } from './observed.ts';
import type { KubernetesObject, V1Service } from '../kubernetes-types.ts';
import type { Action } from '../job/actions.ts';
import { contains } from './contains.ts';
import { digested } from './digested.ts';
import { disruptionBudget } from './disruption-budget.ts';
import { jobFile } from '../objects/job-file.ts';
import {
  certificateSecretName,
  jobLabels,
  jobName,
  LABELS,
  ownedMetadata,
  RPC_PORT,
  serviceName,
} from '../job/names.ts';
import { networkPolicy } from '../objects/network-policy.ts';
import { outputClaim, requestedBytes } from '../objects/output-claim.ts';

/** The kinds that the plan itself makes and may remove. Claims are not among them: data is never removed here. */
export const REMOVABLE_KINDS: readonly string[] = [
  'ConfigMap',
  'Service',
  'NetworkPolicy',
  'PodDisruptionBudget',
];

/** @param pods how many pods a drain is to leave but for one; see disruption-budget.ts */
export function desiredObjects(
  job: WsiTrainingJob,
  settings: ClusterSettings,
  pods: number,
): KubernetesObject[] {
  const claim = outputClaim(job);
  return [
    jobFile(job),
    jobService(job, settings),
    // Before any pod: a pod that starts without it could talk to anybody for a moment.
    ...(settings.networkPolicy ? [networkPolicy(job, settings)] : []),
    ...(settings.disruptionBudget ? [disruptionBudget(job, pods)] : []),
    ...(claim === undefined ? [] : [claim]),
  ];
}

/** Headless: it gives every pod a stable host name, with addresses of all families that the cluster has. */
export function jobService(
  job: WsiTrainingJob,
  { certificates }: Pick<ClusterSettings, 'certificates'> = { certificates: true },
): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: ownedMetadata(job, serviceName(job), jobLabels(job)),
    spec: {
      clusterIP: 'None',
      ipFamilyPolicy: 'PreferDualStack',
      // A role must be found before it is ready: coordinator and servers wait for each other.
      publishNotReadyAddresses: true,
      selector: { [LABELS.job]: jobName(job) },
      ports: [
        {
          name: 'grpc',
          port: RPC_PORT,
          targetPort: RPC_PORT,
          protocol: 'TCP',
          // A mesh goes by this before the name, and must not look for gRPC in what is encrypted.
          appProtocol: certificates ? 'tcp' : 'grpc',
        },
      ],
    },
  } satisfies V1Service;
}

/** The actions that bring the objects to what they should be; none when they are. */
export function objectActions(
  desired: readonly KubernetesObject[],
  observed: readonly KubernetesObject[],
): Action[] {
  const present = byKey(observed);
  return desired
    .filter((object) => !isCurrent(present.get(objectKey(object)), object))
    .map((object) => ({ kind: 'apply', object }));
}

/** True when every one of them exists, be it with a field that is still to be put right. */
export function allPresent(
  desired: readonly KubernetesObject[],
  observed: readonly KubernetesObject[],
): boolean {
  const present = byKey(observed);
  return desired.every((object) => {
    const found = present.get(objectKey(object));
    return found !== undefined && found.metadata.deletionTimestamp === undefined;
  });
}

/** Removes what the plan once made and no longer wants, such as the NetworkPolicy after it was switched off. */
export function leftoverActions(
  job: WsiTrainingJob,
  desired: readonly KubernetesObject[],
  observed: Pick<Observed, 'objects'>,
): Action[] {
  const keys = new Set(desired.map(objectKey));
  return observed.objects
    .filter(
      (object) =>
        REMOVABLE_KINDS.includes(object.kind) &&
        !keys.has(objectKey(object)) &&
        isOwned(job, object) &&
        object.metadata.deletionTimestamp === undefined,
    )
    .map(({ apiVersion, kind, metadata }) => ({
      kind: 'delete',
      apiVersion,
      objectKind: kind,
      name: metadata.name ?? '',
    }));
}

/**
 * After the end, when no process is left: everything but the claims. Secrets are not observed: the certificates' one
 * goes together with the others.
 */
export function endActions(job: WsiTrainingJob, observed: Observed, settings: ClusterSettings): Action[] {
  const actions = leftoverActions(job, [], observed);
  if (!settings.certificates || actions.length === 0) return actions;
  const name = certificateSecretName(job);
  // First, because the others being there is what has this done again should it not get to its end.
  return [{ kind: 'delete', apiVersion: 'v1', objectKind: 'Secret', name }, ...actions];
}

/** A job that has ended needs no budget, also while some of its pods are kept: a drain must not wait for them. */
export function withoutBudget(job: WsiTrainingJob, { objects }: Observed): Action[] {
  const budgets = objects.filter(({ kind }) => kind === 'PodDisruptionBudget');
  return leftoverActions(job, [], { objects: budgets });
}

export function objectKey({ apiVersion, kind, metadata }: KubernetesObject): string {
  return `${apiVersion}/${kind}/${metadata.name ?? ''}`;
}

function byKey(objects: readonly KubernetesObject[]): ReadonlyMap<string, KubernetesObject> {
  return new Map(objects.map((object) => [objectKey(object), object]));
}

/** Nearly nothing of a claim can change once it exists; it may be made larger. */
function isCurrent(observed: KubernetesObject | undefined, desired: KubernetesObject): boolean {
  if (observed === undefined) return false;
  if (desired.kind !== 'PersistentVolumeClaim') return contains(digested(observed), digested(desired));
  return requestedBytes(observed) >= requestedBytes(desired);
}

function isOwned(job: WsiTrainingJob, { metadata }: KubernetesObject): boolean {
  const { uid } = job.metadata;
  return uid === undefined || metadata.ownerReferences?.some((owner) => owner.uid === uid) === true;
}
