/** Opens the cluster that the options name. Loads the Kubernetes client; import it only when a cluster is asked for. */
import { ApiClient, ApiError } from '@wsi-operator/controller';
import { version } from '../version.ts';
import { explain } from './explain.ts';
import { contextNamespace, loadKubeConfig } from './kube-config.ts';
import type { ClusterSession, Terminal } from './session.ts';
import { versionNote } from './version-note.ts';

export interface ClusterFlags {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespace?: string;
}

/** Runs a command on the cluster; what it throws is said in words for people. Connections are closed at the end. */
export async function onCluster(
  flags: ClusterFlags,
  program: string,
  terminal: Terminal,
  command: (session: ClusterSession) => Promise<number>,
): Promise<number> {
  const config = loadKubeConfig(flags, process.env);
  const client = ApiClient.fromKubeConfig(config, { userAgent: `wsi-cli/${version()}` });
  const session: ClusterSession = {
    client,
    namespace: flags.namespace ?? contextNamespace(config),
    context: config.currentContext,
    program,
    where: optionsOf(flags),
    terminal,
  };
  try {
    await greet(client);
    const note = await versionNote(client, version());
    if (note !== undefined) terminal.note(note);
    return await command(session);
  } catch (error) {
    throw await explain(error, session);
  } finally {
    client.close();
  }
}

/** An absent cluster is reported at once; later calls retry patiently. */
async function greet(client: ApiClient): Promise<void> {
  try {
    await client.raw('GET', '/version', undefined, {}, { retry: false, deadlineSeconds: 10 });
  } catch (error) {
    // Whether its version may be asked for is of no interest.
    if (!(error instanceof ApiError) || error.status === 0) throw error;
  }
}

/** The same options, repeated in the commands suggested to users. */
function optionsOf(flags: ClusterFlags): string {
  const words = [
    ...(flags.namespace === undefined ? [] : ['-n', flags.namespace]),
    ...(flags.context === undefined ? [] : ['--context', flags.context]),
    ...(flags.kubeconfig === undefined ? [] : ['--kubeconfig', flags.kubeconfig]),
  ];
  return words.map((word) => ` ${/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word}'`}`).join('');
}
