/**
 * The Secrets with the jobs' certificates. They are read by name, never listed or watched (the operator's rights need
 * not reach other Secrets), so what is known of one is kept and looked at again now and then.
 */
import { ApiError, type ApiClient, type KubernetesObject } from '@wsi/controller';
import { WsiError, type Clock } from '@wsi/foundation';
import type { TlsPem } from '@wsi/protocol';
import type { CertificateRequest, CertificateRole } from '../../plan/actions.ts';
import { earliestExpiry, issueCertificates, type CertificateFiles } from './certificates.ts';
import { ownership, type JobIdentity } from './ownership.ts';
import { SECRETS } from './resources.ts';

const ROLES: readonly CertificateRole[] = ['coordinator', 'server', 'worker', 'operator'];

/** A Secret that somebody has deleted is noticed, and made anew, after this time at most. */
const FRESH_MILLISECONDS = 600_000;

interface Certificates {
  readonly notAfter: string;
  /** The operator's own part: for asking the coordinator. */
  readonly pem: TlsPem;
}

interface Known {
  /** Undefined: there are none, which is remembered, too. */
  readonly certificates: Certificates | undefined;
  readonly until: number;
}

export interface CertificateStoreOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
}

interface Secret extends KubernetesObject {
  data?: Record<string, string>;
}

export class CertificateStore {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(options: CertificateStoreOptions) {
    this.#client = options.client;
    this.#clock = options.clock;
  }

  /** When the job's certificates expire; undefined: there are none that could be used. One request now and then. */
  async read(job: JobIdentity, secretName: string): Promise<Certificates | undefined> {
    const known = this.#known.get(job.uid);
    if (known !== undefined && this.#clock.monotonic() < known.until) return known.certificates;
    const secret = await this.#client.get<Secret>(SECRETS, secretName, job.namespace);
    const own = secret !== undefined && ownership(secret, job) === 'own';
    return this.#keep(job, own ? decode(secret.data ?? {}) : {});
  }

  /** What is known without a request; see {@link read}. */
  known(uid: string): Certificates | undefined {
    return this.#known.get(uid)?.certificates;
  }

  /**
   * Makes keys, certificates and the Secret, or replaces what an own Secret holds. Certificates that are there and
   * last as long as those that would be issued by half at least are left: another process was faster.
   * @throws WsiError when a Secret of this name is not the job's
   */
  async issue(job: JobIdentity, request: CertificateRequest): Promise<void> {
    const { files } = await issueCertificates(request, this.#clock.now());
    const secret: Secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...(request.metadata as Secret['metadata']), name: request.secretName },
      type: 'Opaque',
      data: encode(files),
    };
    try {
      await this.#client.create(SECRETS, secret);
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
      if (await this.#takeExisting(job, request)) return;
      await this.#replace(job, secret);
    }
    this.#keep(job, files);
  }

  /** Removes the Secret of a job that has ended; one that is gone or another's is left. */
  async remove(job: JobIdentity, secretName: string): Promise<void> {
    this.forget(job.uid);
    const secret = await this.#client.get<Secret>(SECRETS, secretName, job.namespace);
    if (secret === undefined || ownership(secret, job) !== 'own') return;
    const { uid } = secret.metadata;
    await this.#client.delete(SECRETS, secretName, job.namespace, uid === undefined ? {} : { uid });
  }

  forget(uid: string): void {
    this.#known.delete(uid);
  }

  async #takeExisting(job: JobIdentity, request: CertificateRequest): Promise<boolean> {
    this.#known.delete(job.uid);
    const present = await this.read(job, request.secretName);
    if (present === undefined) return false;
    const enough = this.#clock.now() + (request.validDays * 86_400_000) / 2;
    return Date.parse(present.notAfter) > enough;
  }

  async #replace(job: JobIdentity, secret: Secret): Promise<void> {
    const { name = '', namespace } = secret.metadata;
    const present = await this.#client.get<Secret>(SECRETS, name, namespace);
    if (present !== undefined && ownership(present, job) !== 'own') {
      const former = ownership(present, job) === 'former';
      const problem = former
        ? 'still there from a deleted job of this name; waiting until it is removed'
        : 'the name is taken by an object that is not of this job';
      throw new WsiError('Unavailable', problem, {
        where: `Secret ${namespace ?? ''}/${name}`,
        retryable: former,
        ...(former ? {} : { remedy: 'Delete that object or rename the job.' }),
      });
    }
    const { resourceVersion } = present?.metadata ?? {};
    if (resourceVersion === undefined) {
      await this.#client.create(SECRETS, secret);
      return;
    }
    // With its version: of two that replace at once, one is told to look again.
    const patch = { metadata: { resourceVersion }, data: secret.data };
    await this.#client.patch(SECRETS, name, namespace, patch);
  }

  #keep(job: JobIdentity, files: CertificateFiles): Certificates | undefined {
    const notAfter = earliestExpiry(files, ROLES);
    const pem: TlsPem = {
      authority: files['ca.crt'] ?? '',
      certificate: files['operator.crt'] ?? '',
      key: files['operator.key'] ?? '',
      where: `Secret of ${job.namespace}/${job.name}`,
    };
    const certificates = notAfter === undefined ? undefined : { notAfter, pem };
    // Spread, so that a thousand jobs of one start do not ask in the same second for ever.
    const until = this.#clock.monotonic() + FRESH_MILLISECONDS * (0.75 + Math.random() / 2);
    this.#known.set(job.uid, { certificates, until });
    return certificates;
  }
}

function encode(files: CertificateFiles): Record<string, string> {
  return mapValues(files, (text) => Buffer.from(text).toString('base64'));
}

function decode(data: Readonly<Record<string, string>>): CertificateFiles {
  return mapValues(data, (text) => Buffer.from(text, 'base64').toString());
}

function mapValues(
  record: Readonly<Record<string, string>>,
  change: (value: string) => string,
): Record<string, string> {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, change(value)]));
}
