/** What the commands for a cluster have in common. The Kubernetes client is loaded when one of them runs. */
import { type Command, InvalidArgumentError } from 'commander';
import { parseDuration } from '@wsi-operator/api';
import { wholeNumber } from '@wsi-operator/foundation';
import { processTerminal } from '../cluster/terminal.ts';
import type { ClusterFlags } from '../cluster/connection.ts';
import type { ClusterSession } from '../cluster/session.ts';

export type { ClusterFlags };

export const CLUSTER_GROUP = 'On a Kubernetes cluster:';

/** A new command with the options that choose a cluster and a namespace. */
export function clusterCommand(program: Command, name: string): Command {
  return program
    .command(name)
    .helpGroup(CLUSTER_GROUP)
    .option('-n, --namespace <name>', 'namespace (default: that of the context)')
    .option('--context <name>', 'context of the kubeconfig (default: the current one)')
    .option('--kubeconfig <file>', 'kubeconfig (default: KUBECONFIG, else ~/.kube/config)');
}

/** Runs on the cluster that the flags choose; sets the exit code. */
export async function onChosenCluster(
  program: Command,
  flags: ClusterFlags,
  command: (session: ClusterSession) => Promise<number>,
): Promise<void> {
  const { onCluster } = await import('../cluster/connection.ts');
  process.exitCode = await onCluster(flags, program.name(), processTerminal, command);
}

/** Seconds of `90`, `45s`, `90m`, `1h30m`. */
export function duration(text: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  try {
    return parseDuration(text);
  } catch {
    throw new InvalidArgumentError('Write a duration like 45s, 90m or 1h30m.');
  }
}

/** What counts objects of a cluster, or picks one of them. */
export const clusterCount = wholeNumber({ most: 999_999_999 });

export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value];
}
