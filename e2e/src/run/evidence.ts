/**
 * Evidence of why a test failed, gathered before its clean-up takes it away: objects, events and logs of the cluster. The
 * components that a suite has started write their logs into the same folder.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { attempt } from '@wsi-operator/cluster';

/** Folder of the suite that is running: its components' logs, and the evidence of each test that failed. */
export const LOGS_VARIABLE = 'WSI_E2E_LOGS';

export interface EvidenceSource {
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly operatorNamespace: string;
  readonly release: string;
}

const COMMAND_SECONDS = 120;
const NAME_LENGTH = 60;
/** Of each pod's log. */
const LOG_LINES = 20_000;

/** @returns the folder, named after the test */
export async function gatherEvidence(source: EvidenceSource, into: string, test: string): Promise<string> {
  const name = test
    .replace(/[^a-z0-9]+/gi, '-')
    .replace(/^-|-$/g, '')
    .slice(0, NAME_LENGTH);
  const directory = join(into, name === '' ? 'test' : name);
  await mkdir(directory, { recursive: true });
  const { operatorNamespace, release } = source;
  const everywhere = '--all-namespaces';
  const groups = 'podgroups.scheduling.volcano.sh,podgroups.scheduling.x-k8s.io,workloads.kueue.x-k8s.io';
  const operatorLogs = ['logs', '-n', operatorNamespace, '-l', `app.kubernetes.io/instance=${release}`];
  const commands: Readonly<Record<string, readonly string[]>> = {
    'jobs.yaml': ['get', 'wtj', everywhere, '-o=yaml'],
    'pods.txt': ['get', 'pods', everywhere, '-o=wide'],
    'pods.yaml': ['get', 'pods', everywhere, '-o=yaml'],
    'nodes.yaml': ['get', 'nodes', '-o=yaml'],
    'gangs.yaml': ['get', groups, everywhere, '-o=yaml', '--ignore-not-found'],
    'events.txt': ['get', 'events', everywhere, '--sort-by=.lastTimestamp'],
    'operator.log': [...operatorLogs, '--prefix', `--tail=${LOG_LINES}`],
    'operator-before.log': [...operatorLogs, '--prefix', '--previous', `--tail=${LOG_LINES}`],
  };
  for (const [file, args] of Object.entries(commands)) {
    await writeFile(join(directory, file), await outputOf(source, args));
  }
  await writeJobLogs(source, directory);
  return directory;
}

/** What a command says, whatever becomes of it: half of the evidence is better than none. */
async function outputOf({ kubectl, kubeconfig }: EvidenceSource, args: readonly string[]): Promise<string> {
  try {
    const options = { timeoutSeconds: COMMAND_SECONDS };
    const { stdout, stderr } = await attempt(kubectl, ['--kubeconfig', kubeconfig, ...args], options);
    return stdout + stderr;
  } catch (error) {
    return `${(error as Error).message}\n`;
  }
}

/** Of every pod of a job that is still there. */
async function writeJobLogs(source: EvidenceSource, directory: string): Promise<void> {
  const columns = '-o=jsonpath={range .items[*]}{.metadata.namespace}{" "}{.metadata.name}{"\\n"}{end}';
  const pods = await outputOf(source, ['get', 'pods', '-A', '-l', 'wsi.dev/job-name', columns]);
  for (const line of pods.trim().split('\n')) {
    const [namespace, pod] = line.split(' ');
    if (namespace === undefined || pod === undefined || !/^[a-z0-9.-]+$/.test(pod)) continue;
    const text = await outputOf(source, ['logs', '-n', namespace, pod, `--tail=${LOG_LINES}`]);
    await writeFile(join(directory, `${namespace}-${pod}.log`), text);
  }
}
