/** The certificate that the metrics are served with, kept up to date while the operator runs. */
import { createSecureContext } from 'node:tls';
import { WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import type { CertificateSource, ServingMaterial } from './certificate-sources.ts';

/** Between two checks: the kubelet takes a minute or so to bring a changed Secret into a pod anyway. */
const LOOK_MILLISECONDS = 10_000;

export interface CertificateObserver {
  /** Another one is used from now on. */
  onCertificateTaken(notAfterMilliseconds: number): void;
  /** What is there cannot be used; the one of before still is. */
  onCertificateRefused(): void;
}

export interface ServingCertificateOptions {
  readonly source: CertificateSource;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly observer: CertificateObserver;
}

export class ServingCertificate {
  readonly #options: ServingCertificateOptions;
  #current: ServingMaterial | undefined;
  #fault: string | undefined;
  #onChange: () => void = () => undefined;

  constructor(options: ServingCertificateOptions) {
    this.#options = options;
  }

  /** Undefined while there has not been one that could be used: then nobody can be served. */
  get current(): ServingMaterial | undefined {
    return this.#current;
  }

  onChange(changed: () => void): void {
    this.#onChange = changed;
  }

  /** Until the signal is aborted. */
  async run(signal: AbortSignal): Promise<void> {
    for (;;) {
      await this.#options.clock.sleep(LOOK_MILLISECONDS, signal).catch(() => undefined);
      if (signal.aborted) return;
      await this.refresh();
    }
  }

  /** Takes what is there if it is another, and can be used. */
  async refresh(): Promise<void> {
    const { source, observer, logger } = this.#options;
    try {
      const material = await source(this.#current);
      this.#fault = undefined;
      if (isSame(material, this.#current)) return;
      requireServable(material);
      this.#current = material;
      observer.onCertificateTaken(material.notAfter);
      logger.info(
        { notAfter: new Date(material.notAfter).toISOString() },
        'certificate of the metrics taken',
      );
      this.#onChange();
    } catch (thrown) {
      const error = WsiError.from(thrown);
      observer.onCertificateRefused();
      if (error.message === this.#fault) return;
      this.#fault = error.message;
      const consequence = this.#current === undefined ? 'nobody can fetch them' : 'the last one stays in use';
      logger.error({ problem: error.message, consequence }, 'certificate of the metrics cannot be used');
    }
  }
}

/** A chain or an authority that OpenSSL does not take is found here, and not when a client connects. */
function requireServable({ certificate, key, clientAuthority }: ServingMaterial): void {
  try {
    createSecureContext({
      cert: certificate,
      key,
      ...(clientAuthority === undefined ? {} : { ca: clientAuthority }),
    });
  } catch {
    throw new WsiError('Unavailable', 'certificate, key or authority are not accepted by OpenSSL');
  }
}

function isSame(one: ServingMaterial, other: ServingMaterial | undefined): boolean {
  return (
    one.certificate === other?.certificate &&
    one.key === other.key &&
    one.clientAuthority === other.clientAuthority
  );
}
