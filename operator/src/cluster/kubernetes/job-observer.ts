/** Everything about one job at one moment, put together from caches, what was heard and what was refused. */
import { isTrue, managerOf, OPERATOR_NAME, type WsiTrainingJob } from '@wsi-operator/api';
import type { KubernetesObject } from '@wsi-operator/controller';
import { autoscalingOf, type EarlierModel, type MeasuredJob } from '../../autoscaling/index.ts';
import { checkpointLeft } from '../../plan/finish.ts';
import { certificateSecretName } from '../../job/names.ts';
import type { ProgressPoller } from '../../progress/progress-poller.ts';
import type { ClusterSettings } from '../../job/settings.ts';
import type { Observed } from '../../plan/observed.ts';
import type { JobKey } from '../port.ts';
import type { TrainingProgress } from '../../plan/training-progress.ts';
import type { CertificateStore } from './certificate-store.ts';
import type { Contests } from './contests.ts';
import { coordinatorPod, coordinatorTarget, lastProgress } from './coordinator-target.ts';
import type { GangApis } from './gang-apis.ts';
import type { ObjectCaches } from './object-caches.ts';
import type { ObjectWriter } from './object-writer.ts';
import type { JobIdentity } from './ownership.ts';
import type { CachedPod } from './trim.ts';

export interface JobObserverParts {
  readonly caches: ObjectCaches;
  readonly certificates: CertificateStore;
  readonly poller: ProgressPoller;
  readonly gangs: GangApis;
  readonly writer: ObjectWriter;
  readonly contests: Contests;
  readonly settings: ClusterSettings;
}

export class JobObserver {
  readonly #caches: ObjectCaches;
  readonly #certificates: CertificateStore;
  readonly #poller: ProgressPoller;
  readonly #gangs: GangApis;
  readonly #writer: ObjectWriter;
  readonly #contests: Contests;
  readonly #settings: ClusterSettings;

  constructor(parts: JobObserverParts) {
    this.#caches = parts.caches;
    this.#certificates = parts.certificates;
    this.#poller = parts.poller;
    this.#gangs = parts.gangs;
    this.#writer = parts.writer;
    this.#contests = parts.contests;
    this.#settings = parts.settings;
  }

  /** Also has the coordinator asked for its progress from now on, or no longer. */
  async observe(key: JobKey, job: WsiTrainingJob, identity: JobIdentity): Promise<Observed> {
    const over = isTrue(job.status?.conditions, 'Succeeded') || isTrue(job.status?.conditions, 'Failed');
    const isOurs = managerOf(job.spec) === OPERATOR_NAME;
    const needed = this.#settings.certificates && !over && isOurs;
    const certificates = needed ? await this.#readCertificates(job, identity) : undefined;
    // Read after the wait: the pods are as of now.
    const pods = this.#caches.pods(identity);
    const gone = this.#caches.gone(identity, pods);
    const seenFor = this.#caches.seenFor(identity, pods, gone);
    const progress = this.#progressOf(key, job, [...pods, ...gone], over);
    const earlierModel = over ? undefined : this.#earlierModel(job, progress);
    const silentFor = this.#poller.silentFor(key);
    return {
      pods,
      objects: [...this.#caches.objects(identity), ...this.#sharedObjects(job)] as Observed['objects'],
      gangs: this.#gangs.served,
      ...(gone.length === 0 ? {} : { gone }),
      ...(seenFor.size === 0 ? {} : { seenFor }),
      ...this.#opposition(identity),
      ...(progress === undefined ? {} : { progress }),
      ...this.#checkpointLeft(job, pods, identity),
      ...(silentFor === 0 ? {} : { silentFor }),
      ...(this.#poller.refused(key) ? { answerRefused: true } : {}),
      ...(earlierModel === undefined ? {} : { earlierModel }),
      ...(certificates === undefined ? {} : { certificates: { notAfter: certificates.notAfter } }),
    };
  }

  #checkpointLeft(
    job: WsiTrainingJob,
    pods: readonly CachedPod[],
    identity: JobIdentity,
  ): Pick<Observed, 'checkpointLeft'> {
    const left = checkpointLeft(coordinatorPod(job, [...pods, ...this.#caches.removed(identity)]));
    return left === undefined ? {} : { checkpointLeft: left };
  }

  /** Writes that the server refuses, objects that others undo again and again, and pods that others have made. */
  #opposition(identity: JobIdentity): Pick<Observed, 'refusals' | 'contested' | 'foreignPods'> {
    const refusals = this.#writer.refusals(identity.uid);
    const contested = this.#contests.list(identity.uid);
    const foreignPods = this.#caches.foreignPods(identity);
    return {
      ...(foreignPods.length === 0 ? {} : { foreignPods }),
      ...(refusals.length === 0 ? {} : { refusals }),
      ...(contested.length === 0 ? {} : { contested }),
    };
  }

  /** From the statuses of other jobs of the namespace, those that have ended too. */
  #earlierModel(job: WsiTrainingJob, progress: TrainingProgress | undefined): EarlierModel | undefined {
    const sought = autoscalingOf(job).modelSought(progress?.measurement?.device);
    if (sought === undefined) return undefined;
    const others = this.#caches.jobs(job.metadata.namespace).map(({ metadata, status }): MeasuredJob => {
      return { name: metadata.name, namespace: metadata.namespace, status: status ?? {} };
    });
    return sought.among(others);
  }

  /** The queue's own objects (flavours, priorities), for a job that waits in it. */
  #sharedObjects(job: WsiTrainingJob): readonly KubernetesObject[] {
    const gang = job.spec.runPolicy.gang ?? this.#settings.defaultGang;
    return gang === 'none' ? [] : this.#gangs.shared(gang);
  }

  /** A job that was never reconciled has no Secret yet: a request less. Should one be there, issuing finds it. */
  async #readCertificates(
    job: WsiTrainingJob,
    identity: JobIdentity,
  ): Promise<{ readonly notAfter: string } | undefined> {
    const isNew =
      job.status?.conditions === undefined && this.#certificates.known(identity.uid) === undefined;
    return isNew ? undefined : this.#certificates.read(identity, certificateSecretName(job));
  }

  #progressOf(
    key: JobKey,
    job: WsiTrainingJob,
    pods: readonly CachedPod[],
    over: boolean,
  ): TrainingProgress | undefined {
    const coordinator = coordinatorPod(job, pods);
    const heard = this.#poller.latest(key);
    // Keys that nobody needs any more need not stay in memory.
    if (over) this.#certificates.forget(job.metadata.uid ?? '');
    const { certificates } = this.#settings;
    const pem = this.#certificates.known(job.metadata.uid ?? '')?.pem;
    // With mutual TLS there is no asking before there are certificates.
    const reachable = !over && (!certificates || pem !== undefined);
    const target = reachable ? coordinatorTarget(job, coordinator, pem) : undefined;
    if (target === undefined) this.#poller.forget(key);
    else this.#poller.follow(key, target);
    return lastProgress(coordinator, heard?.epochs ?? job.status?.progress?.epochs ?? 0) ?? heard;
  }
}
