/**
 * The job's certificates: made before its pods, and made again before they expire. Each set has an authority of its own,
 * so that pods of one set cannot talk to those of another: a pod carries the set that it was made with, and a job whose
 * pods have another set than the Secret is stopped in order and goes on from its checkpoint (see course.ts).
 */
import type { WsiTrainingJob } from '@wsi-operator/api';
import type { Observed } from './observed.ts';
import type { V1Pod } from '../kubernetes-types.ts';
import type { Action, CertificateRequest } from '../job/actions.ts';
import { certificateSecretName, hostName, jobLabels, ownedMetadata } from '../job/names.ts';

/** What is stolen is of use no longer; a run that goes on starts again with others this often. */
export const VALID_DAYS = 90;
const DAY_MILLISECONDS = 86_400_000;
/** A job is not started with certificates that expire sooner, */
export const RENEW_BEFORE_MILLISECONDS = 30 * DAY_MILLISECONDS;
/** and one that runs gets new ones when they would expire sooner. */
export const FORCED_BEFORE_MILLISECONDS = 3 * DAY_MILLISECONDS;

/** Of a pod: the end of validity of its certificates, which tells the sets apart. */
const CERTIFICATES_ANNOTATION = 'wsi.dev/certificates';

/** All that a job may ever have: their number can change while it is suspended. */
const MOST_SERVERS = 64;

export interface CertificateStep {
  readonly actions: readonly Action[];
  /** Pods may be made. */
  readonly ready: boolean;
  /** Running pods have certificates that expire soon. */
  readonly expiring: boolean;
}

/** @param alive whether any process of the job would have to be started again */
export function certificateStep(
  job: WsiTrainingJob,
  certificates: Observed['certificates'],
  alive: boolean,
  now: number,
): CertificateStep {
  const left = certificates === undefined ? 0 : Date.parse(certificates.notAfter) - now;
  if (left > RENEW_BEFORE_MILLISECONDS) return { actions: [], ready: true, expiring: false };
  // A restart is put off as long as it can be: the job may well end before.
  if (alive && left > FORCED_BEFORE_MILLISECONDS) return { actions: [], ready: true, expiring: true };
  return {
    actions: [{ kind: 'issueCertificates', request: certificateRequest(job) }],
    ready: false,
    expiring: false,
  };
}

/** The pod with the set of certificates that it is made with. */
export function withCertificates(pod: V1Pod, certificates: Observed['certificates']): V1Pod {
  if (certificates === undefined) return pod;
  const annotations = { ...pod.metadata?.annotations, [CERTIFICATES_ANNOTATION]: certificates.notAfter };
  return { ...pod, metadata: { ...pod.metadata, annotations } };
}

/** False for a pod that was made with another set. */
export function hasCertificates(pod: V1Pod | undefined, certificates: Observed['certificates']): boolean {
  const own = pod?.metadata?.annotations?.[CERTIFICATES_ANNOTATION];
  return own === undefined || certificates === undefined || own === certificates.notAfter;
}

export function certificateRequest(job: WsiTrainingJob): CertificateRequest {
  const secretName = certificateSecretName(job);
  const servers = Array.from({ length: MOST_SERVERS }, (_unused, index) =>
    hostName(job, { role: 'server', index }),
  );
  return {
    secretName,
    metadata: ownedMetadata(job, secretName, jobLabels(job)),
    roles: {
      coordinator: { dnsNames: [hostName(job, { role: 'coordinator', index: 0 })] },
      server: { dnsNames: servers },
      worker: { dnsNames: [] },
      operator: { dnsNames: [] },
    },
    validDays: VALID_DAYS,
  };
}
