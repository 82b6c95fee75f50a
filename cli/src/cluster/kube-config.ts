/**
 * Which cluster, by kubectl's rules: --kubeconfig, else the files of KUBECONFIG, else ~/.kube/config, else the service
 * account of the pod. Loads the Kubernetes client; import it only when a cluster is asked for.
 */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join } from 'node:path';
import { KubeConfig } from '@kubernetes/client-node';
import { nearest } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';

export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
}

const SERVICE_ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** A config whose current context is the chosen one. Throws InvalidArgument with what to do. */
export function loadKubeConfig(choice: ClusterChoice, environment: NodeJS.ProcessEnv): KubeConfig {
  const config = loadFiles(choice, environment);
  if (choice.context !== undefined) config.setCurrentContext(choice.context);
  checkContext(config, choice.context !== undefined);
  return config;
}

function loadFiles(choice: ClusterChoice, environment: NodeJS.ProcessEnv): KubeConfig {
  if (choice.kubeconfig !== undefined) return merged([choice.kubeconfig], '--kubeconfig');
  const named = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (named.length > 0) {
    const present = named.filter((file) => existsSync(file));
    // As kubectl: files of the list that are missing do not matter as long as one is there.
    return merged(present.length === 0 ? named.slice(0, 1) : present, 'KUBECONFIG');
  }
  const usual = join(environment['HOME'] ?? homedir(), '.kube', 'config');
  if (existsSync(usual)) return merged([usual], 'the kubeconfig');
  if (existsSync(SERVICE_ACCOUNT)) {
    const config = new KubeConfig();
    config.loadFromCluster();
    return config;
  }
  throw new WsiError('InvalidArgument', 'no cluster is configured', {
    remedy: `Name a kubeconfig with --kubeconfig or KUBECONFIG, or put one at ${usual}.`,
  });
}

/** Several files as one: of what has the same name, the first one counts, and so does the first current context. */
function merged(files: readonly string[], source: string): KubeConfig {
  const configs = files.map((file) => loadFile(file, source));
  const firsts = <Entry extends { readonly name: string }>(entries: readonly Entry[]): Entry[] =>
    entries.filter((entry, index) => entries.findIndex(({ name }) => name === entry.name) === index);
  const whole = new KubeConfig();
  whole.loadFromOptions({
    clusters: firsts(configs.flatMap((config) => config.clusters)),
    users: firsts(configs.flatMap((config) => config.users)),
    contexts: firsts(configs.flatMap((config) => config.contexts)),
    currentContext: configs.map(({ currentContext }) => currentContext).find(Boolean) ?? '',
  });
  return whole;
}

function loadFile(file: string, source: string): KubeConfig {
  const config = new KubeConfig();
  try {
    config.loadFromFile(file);
  } catch (thrown) {
    const missing = !existsSync(file);
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const problem = missing ? 'there is no such file' : `is not a kubeconfig (${reason})`;
    throw new WsiError('InvalidArgument', problem, { where: `${source}: ${file}`, cause: thrown });
  }
  return config;
}

function checkContext(config: KubeConfig, chosen: boolean): void {
  const names = config.contexts.map(({ name }) => name);
  const current = config.currentContext;
  const listed = names.length === 0 ? 'The kubeconfig has none.' : `There are: ${names.join(', ')}.`;
  // The library leaves it undefined where the file does not say.
  if ((current as string | undefined) === undefined || current === '') {
    throw new WsiError('InvalidArgument', 'the kubeconfig does not say which context is the current one', {
      remedy: `Name one with --context. ${listed}`,
    });
  }
  if (!names.includes(current)) {
    const meant = nearest(current, names);
    const hint = meant === undefined ? '' : `Did you mean ${meant}? `;
    throw new WsiError('InvalidArgument', `the kubeconfig has no context "${current}"`, {
      where: chosen ? '--context' : 'current-context',
      remedy: `${hint}${listed}`,
    });
  }
  if (config.getCurrentCluster() === null) {
    throw new WsiError(
      'InvalidArgument',
      `the context "${current}" names a cluster that the kubeconfig lacks`,
    );
  }
}

/** The namespace of the current context. */
export function contextNamespace(config: KubeConfig): string {
  const namespace = config.getContextObject(config.currentContext)?.namespace;
  return namespace === undefined || namespace === '' ? 'default' : namespace;
}
