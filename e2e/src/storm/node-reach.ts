/**
 * What a storm can do to pods of a cluster whose nodes are this machine: their processes can be signalled, their networks
 * cut, and their volumes read and damaged. On other clusters a storm has to do with what the API server offers.
 */
import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { attempt, readRecord } from '@wsi-operator/cluster';
import type { Session } from '../suite/session.ts';
import { commandLine, markOf, processesWith, type ProcessMark } from './processes.ts';

/** In the environment of every process of a storm's pods, so that they are distinguished from all others of this machine. */
export const MARKER_VARIABLE = 'WSI_STORM';
/** The pod that a process belongs to. */
export const POD_VARIABLE = 'WSI_STORM_POD';

/** So long connections are refused, so that each end sends something meanwhile and learns that it is broken. */
const DROP_MILLISECONDS = 300;

/** What happens to a pod's packets. */
type RuleTarget = readonly string[];
const LOST: RuleTarget = ['-j', 'DROP'];
const BROKEN: RuleTarget = ['-p', 'tcp', '-j', 'REJECT', '--reject-with', 'tcp-reset'];

export class NodeReach {
  readonly #marker: string;

  constructor(marker: string) {
    this.#marker = marker;
  }

  /** The trainer's first process in a pod of the storm; undefined while there is none. */
  podProcess(pod: string): ProcessMark | undefined {
    const ours = new Set(this.#processes().map(({ pid }) => pid));
    return oldest(processesWith(`${POD_VARIABLE}=${pod}`).filter(({ pid }) => ours.has(pid)));
  }

  operatorProcess(pod: string): ProcessMark | undefined {
    return oldest(processesWith(`POD_NAME=${pod}`));
  }

  apiServer(): ProcessMark | undefined {
    const daemon = readRecord()?.daemons.find(({ name }) => name === 'kube-apiserver');
    return daemon === undefined ? undefined : markOf(daemon.pid);
  }

  /** Lines for people about processes of the storm that live. */
  living(): string[] {
    return this.#processes().map(({ pid }) => `process ${pid}: ${commandLine(pid)}`);
  }

  /** The folder that a claim is bound to; undefined while it is not bound. */
  async folderOf(session: Session, claim: string, namespace: string): Promise<string | undefined> {
    const found = (await session.get('pvc', claim, namespace)) as V1PersistentVolumeClaim | undefined;
    const volume = found?.spec?.volumeName;
    if (volume === undefined) return undefined;
    return ((await session.get('pv', volume)) as V1PersistentVolume | undefined)?.spec?.hostPath?.path;
  }

  /** Nothing passes to and from the pod for a while, and then what is sent again. */
  async partition(mark: ProcessMark, milliseconds: number): Promise<void> {
    await withRules(mark, LOST, milliseconds);
  }

  /** All connections of the pod break. */
  async drop(mark: ProcessMark): Promise<void> {
    await withRules(mark, BROKEN, DROP_MILLISECONDS);
  }

  #processes(): ProcessMark[] {
    return processesWith(`${MARKER_VARIABLE}=${this.#marker}`);
  }
}

function oldest(marks: readonly ProcessMark[]): ProcessMark | undefined {
  return [...marks].sort((a, b) => Number(a.started) - Number(b.started) || a.pid - b.pid)[0];
}

/** In the network of the pod alone. The pod may go meanwhile, and its network with it. */
async function withRules({ pid }: ProcessMark, target: RuleTarget, milliseconds: number): Promise<void> {
  // Held open by a program of its own: the pod's process may be killed before the rules are taken away.
  const seconds = (milliseconds / 1000).toFixed(3);
  const change = (how: string): string =>
    ['INPUT', 'OUTPUT'].map((chain) => `iptables -w ${how} ${chain} ${target.join(' ')}`).join(' && ');
  const script = `${change('-I')}; sleep ${seconds}; ${change('-D')}`;
  await attempt('nsenter', [`--net=/proc/${pid}/ns/net`, '/bin/sh', '-c', script]);
}
