/** Metrics over TLS for those who may fetch them, put together from the operator's options. */
import type { ApiClient } from '@wsi-operator/controller';
import type { Clock, Logger } from '@wsi-operator/foundation';
import type { Protection } from '../http-endpoint.ts';
import type { OperatorMetrics } from '../metrics.ts';
import type { MetricsSecurity } from '../options.ts';
import { byCertificate, byToken } from './admission.ts';
import {
  filesSource,
  ownSource,
  withClientAuthority,
  type CertificateSource,
} from './certificate-sources.ts';
import { createHttpsServer } from './https-server.ts';
import { ReviewedAccess } from './reviewed-access.ts';
import { ServingCertificate } from './serving-certificate.ts';

export interface MetricsProtection extends Protection {
  /** Keeps the certificate up to date until the signal is aborted. */
  run(signal: AbortSignal): Promise<void>;
}

export interface ProtectionParts {
  readonly security: MetricsSecurity;
  /** The pod's name, for a certificate that is made here. */
  readonly identity: string;
  readonly client: Pick<ApiClient, 'create'>;
  readonly metrics: Pick<OperatorMetrics, 'onScrape' | 'onCertificateTaken' | 'onCertificateRefused'>;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Also where there is no certificate that could be used: the operator reconciles its jobs all the same, and nobody gets
 * the metrics until there is one.
 */
export async function metricsProtection(parts: ProtectionParts): Promise<MetricsProtection> {
  const { security, metrics, clock, logger, client } = parts;
  const certificate = new ServingCertificate({ source: sourceOf(parts), observer: metrics, clock, logger });
  await certificate.refresh();
  const asksForCertificates = security.clientAuthority !== undefined;
  const admit = asksForCertificates
    ? byCertificate((outcome) => metrics.onScrape(outcome))
    : byToken(new ReviewedAccess({ client, clock, logger }), (outcome) => metrics.onScrape(outcome));
  return {
    admit,
    createServer: (listener) =>
      createHttpsServer(certificate, asksForCertificates, listener, () => metrics.onScrape('handshake')),
    run: (signal) => certificate.run(signal),
  };
}

function sourceOf({ security, identity, clock }: ProtectionParts): CertificateSource {
  const { certificateDirectory: directory, clientAuthority } = security;
  const source = directory === undefined ? ownSource(identity, clock) : filesSource(directory, clock);
  return clientAuthority === undefined ? source : withClientAuthority(source, clientAuthority);
}
