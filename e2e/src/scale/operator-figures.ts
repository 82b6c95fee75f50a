/** What the operator has used so far, from its own metrics. */
import { run, type RunningCluster } from '@wsi-operator/cluster';
import { OPERATOR_NAMESPACE, RELEASE } from '../run/installation.ts';

export interface OperatorFigures {
  /** Requests to the API server, of every kind. */
  readonly requests: number;
  /** The same, by verb and resource: `create pods`. */
  readonly requestsByKind: ReadonlyMap<string, number>;
  readonly cpuSeconds: number;
  readonly residentBytes: number;
  /** Of what JavaScript holds, what is garbage included. */
  readonly heapBytes: number;
  readonly reconciles: number;
}

const METRICS_PORT = 8080;

/** Summed over the operator's pods. */
export async function operatorFigures(
  cluster: Pick<RunningCluster, 'kubectl' | 'kubeconfig'>,
): Promise<OperatorFigures> {
  const kubectl = async (...args: string[]): Promise<string> =>
    run(cluster.kubectl, ['--kubeconfig', cluster.kubeconfig, ...args], { timeoutSeconds: 60 });
  const names = await kubectl(
    ...['get', 'pods', '-n', OPERATOR_NAMESPACE, '-l', `app.kubernetes.io/instance=${RELEASE}`],
    '-o=jsonpath={.items[*].metadata.name}',
  );
  const texts = await Promise.all(
    names
      .split(' ')
      .map(async (name) =>
        kubectl(
          'get',
          '--raw',
          `/api/v1/namespaces/${OPERATOR_NAMESPACE}/pods/${name}:${METRICS_PORT}/proxy/metrics`,
        ),
      ),
  );
  return figuresOf(texts.join('\n'));
}

/** @param text the Prometheus text format, of any number of pods one after the other */
export function figuresOf(text: string): OperatorFigures {
  const requestsByKind = new Map<string, number>();
  const totals = { requests: 0, cpuSeconds: 0, residentBytes: 0, heapBytes: 0, reconciles: 0 };
  for (const line of text.split('\n')) {
    const match = /^(?<name>[a-z_]+)(?:\{(?<labels>[^}]*)\})? (?<value>\S+)/.exec(line)?.groups;
    if (match === undefined) continue;
    const value = Number(match['value']);
    switch (match['name']) {
      case 'wsi_operator_api_requests_total': {
        const labels = match['labels'] ?? '';
        const label = (name: string): string => new RegExp(`${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
        const kind = `${label('verb')} ${label('resource')}`;
        requestsByKind.set(kind, (requestsByKind.get(kind) ?? 0) + value);
        totals.requests += value;
        break;
      }
      case 'process_cpu_seconds_total':
        totals.cpuSeconds += value;
        break;
      case 'process_resident_memory_bytes':
        totals.residentBytes += value;
        break;
      case 'nodejs_heap_size_used_bytes':
        totals.heapBytes += value;
        break;
      case 'wsi_operator_reconcile_total':
        totals.reconciles += value;
        break;
    }
  }
  return { ...totals, requestsByKind };
}
