/** The job's certificates: made before its pods, made anew when they are about to expire and nothing uses them. */
import type { WsiTrainingJob } from '@wsi/api';
import type { Observed } from '../cluster/port.ts';
import type { Action, CertificateRequest } from './actions.ts';
import { certificateSecretName, hostName, jobLabels, ownedMetadata } from './names.ts';

export const VALID_DAYS = 365;
const DAY_MILLISECONDS = 86_400_000;
/** Certificates that expire sooner are not given to new pods. */
export const RENEW_BEFORE_MILLISECONDS = 30 * DAY_MILLISECONDS;

/** All that a job may ever have: their number can change while it is suspended. */
const MOST_SERVERS = 64;

export interface CertificateStep {
  readonly actions: readonly Action[];
  /** Pods may be made. */
  readonly ready: boolean;
  /** Running pods have certificates that expire soon. */
  readonly expiring: boolean;
}

/** @param alive whether any process of the job is there, which would not see new certificates */
export function certificateStep(
  job: WsiTrainingJob,
  certificates: Observed['certificates'],
  alive: boolean,
  now: number,
): CertificateStep {
  const left = certificates === undefined ? 0 : Date.parse(certificates.notAfter) - now;
  if (left > RENEW_BEFORE_MILLISECONDS) return { actions: [], ready: true, expiring: false };
  // New pods must understand those that run already.
  if (certificates !== undefined && alive) return { actions: [], ready: true, expiring: true };
  return {
    actions: [{ kind: 'issueCertificates', request: certificateRequest(job) }],
    ready: false,
    expiring: false,
  };
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
