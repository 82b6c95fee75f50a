/**
 * The Secrets with the jobs' certificates. They are read by name, never listed or watched (the operator's rights need
 * not reach other Secrets), so what is known of one is kept and read again now and then.
 */
import { ApiError, type ApiClient, type KubernetesObject } from '@wsi-operator/controller';
import { WsiError, type Clock, type Logger } from '@wsi-operator/foundation';
import { peerRoles, type TlsPem } from '@wsi-operator/protocol';
import type { CertificateRequest, CertificateRole } from '../../job/actions.ts';
import type { Contests } from './contests.ts';
import { earliestExpiry, issueCertificates, type CertificateFiles } from './certificates.ts';
import { objectId } from './own-writes.ts';
import { ownership, type JobIdentity } from './ownership.ts';
import { nameTaken, staleWrite, type Refusals } from './refusals.ts';
import { SECRETS } from './resources.ts';

const ROLES: readonly CertificateRole[] = peerRoles;

/** A Secret that somebody has deleted is noticed, and made again, after this time at most. */
const FRESH_MILLISECONDS = 600_000;
const RETRY_MILLISECONDS = 60_000;
const DAY_MILLISECONDS = 86_400_000;
/**
 * A Secret that is deleted once gets new keys, and the pods start again with them. Where it is deleted again and again it is
 * made again with the same: new ones, and with them a restart, are made after this time, then after twice as long, ...
 */
const KEEP_MILLISECONDS = 3_600_000;
const MOST_DOUBLINGS = 5;

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

interface Issued {
  readonly files: CertificateFiles;
  readonly time: number;
  readonly times: number;
}

export interface CertificateStoreOptions {
  readonly client: ApiClient;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly refusals: Refusals;
  readonly contests: Contests;
}

interface Secret extends KubernetesObject {
  data?: Record<string, string>;
}

export class CertificateStore {
  readonly #client: ApiClient;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #refusals: Refusals;
  readonly #contests: Contests;
  readonly #known = new Map<string, Known>();
  /** What this process has issued last, by the job's uid. */
  readonly #issued = new Map<string, Issued>();

  constructor(options: CertificateStoreOptions) {
    this.#client = options.client;
    this.#clock = options.clock;
    this.#logger = options.logger;
    this.#refusals = options.refusals;
    this.#contests = options.contests;
  }

  /**
   * When the job's certificates expire; undefined: there are none that could be used. One request now and then; when
   * that fails, what was known before stands for a while: a job that runs is reconciled all the same.
   */
  async read(job: JobIdentity, secretName: string): Promise<Certificates | undefined> {
    const known = this.#known.get(job.uid);
    if (known !== undefined && this.#clock.monotonic() < known.until) return known.certificates;
    try {
      const secret = await this.#client.get<Secret>(SECRETS, secretName, job.namespace);
      const own = secret !== undefined && ownership(secret, job) === 'own';
      return this.#keep(job, own ? decode(secret.data ?? {}) : {});
    } catch (error) {
      if (known?.certificates === undefined) throw error;
      this.#logger.warn({ job: job.name, namespace: job.namespace, error }, 'certificates not read');
      const until = this.#clock.monotonic() + RETRY_MILLISECONDS;
      this.#known.set(job.uid, { ...known, until });
      return known.certificates;
    }
  }

  /** What is known without a request; see {@link read}. */
  known(uid: string): Certificates | undefined {
    return this.#known.get(uid)?.certificates;
  }

  /**
   * Makes keys, certificates and the Secret, or replaces what an own Secret holds. Certificates that are there and
   * last as long as those that would be issued by half at least are left: another process was faster.
   * @throws WsiError when a Secret of this name is not the job's, or was refused; for a while without another try
   */
  async issue(job: JobIdentity, request: CertificateRequest): Promise<void> {
    const { secretName } = request;
    const metadata = { ...request.metadata, name: secretName };
    const secret: Secret = { apiVersion: 'v1', kind: 'Secret', metadata, type: 'Opaque' };
    const id = objectId(secret);
    const what = `create Secret ${secretName}`;
    const files = await this.#refusals.attempt(job.uid, id, what, () => this.#write(job, request, secret));
    if (files === 'foreign') {
      const error = nameTaken('foreign', whereOf(secret));
      this.#refusals.refused(job.uid, id, { what, error });
      throw error;
    }
    if (files === 'present') return;
    this.#keep(job, files);
    this.#contests.written(job.uid, id, `Secret ${secretName}`, secret.metadata);
    const before = this.#issued.get(job.uid);
    if (before?.files === files) return;
    this.#issued.set(job.uid, { files, time: this.#clock.monotonic(), times: (before?.times ?? 0) + 1 });
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
    this.#issued.delete(uid);
  }

  /** Those that were issued not long ago. */
  #issuedBefore(job: JobIdentity, request: CertificateRequest): CertificateFiles | undefined {
    const issued = this.#issued.get(job.uid);
    if (issued === undefined || issued.times < 2) return undefined;
    const keep = KEEP_MILLISECONDS * 2 ** Math.min(issued.times - 2, MOST_DOUBLINGS);
    const notAfter = earliestExpiry(issued.files, ROLES);
    const lasts = notAfter !== undefined && this.#isEnough({ notAfter }, request);
    return lasts && this.#clock.monotonic() - issued.time < keep ? issued.files : undefined;
  }

  async #write(
    job: JobIdentity,
    request: CertificateRequest,
    empty: Secret,
  ): Promise<CertificateFiles | 'present' | 'foreign'> {
    const files =
      this.#issuedBefore(job, request) ?? (await issueCertificates(request, this.#clock.now())).files;
    const secret = { ...empty, data: encode(files) };
    try {
      await this.#client.create(SECRETS, secret);
      return files;
    } catch (error) {
      if (!(error instanceof ApiError) || !error.isAlreadyExists) throw error;
    }
    const present = await this.#client.get<Secret>(SECRETS, request.secretName, job.namespace);
    if (present === undefined) {
      const problem = 'was there and is gone again';
      throw new WsiError('Unavailable', problem, { where: whereOf(secret), retryable: true });
    }
    const whose = ownership(present, job);
    if (whose === 'foreign') return whose;
    if (whose === 'former') throw nameTaken(whose, whereOf(secret));
    if (this.#isEnough(this.#keep(job, decode(present.data ?? {})), request)) return 'present';
    // With its version: of two that replace at once, one has to read again.
    const { uid, resourceVersion } = present.metadata;
    const patch = { metadata: { uid, resourceVersion }, data: secret.data };
    try {
      await this.#client.patch(SECRETS, request.secretName, job.namespace, patch);
      return files;
    } catch (error) {
      if (error instanceof ApiError && error.isConflict) throw staleWrite(error);
      throw error;
    }
  }

  #isEnough(present: Pick<Certificates, 'notAfter'> | undefined, { validDays }: CertificateRequest): boolean {
    if (present === undefined) return false;
    return Date.parse(present.notAfter) > this.#clock.now() + (validDays * DAY_MILLISECONDS) / 2;
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

function whereOf({ metadata }: Secret): string {
  return `Secret ${metadata.namespace ?? ''}/${metadata.name ?? ''}`;
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
