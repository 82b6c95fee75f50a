/** The operator's metrics, from its own definitions: for the table in the documents and the checks of the dashboard. */
import { OperatorMetrics } from '@wsi-operator/operator/testing/chart';

export interface MetricFamily {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  readonly labels: readonly string[];
}

const ROLE = { replicas: 1, ready: 1, desired: 1, restarts: 0 };

/** A job of which everything is known. */
const JOB = {
  namespace: 'team',
  name: 'job',
  status: {
    phase: 'Running',
    coordinator: ROLE,
    parameterServers: ROLE,
    workers: ROLE,
    memory: {
      coordinator: 1,
      parameterServers: 1,
      workers: 1,
      current: { coordinator: 1, parameterServers: 1, workers: 1 },
      device: 1,
    },
    progress: { fraction: 0.5, etaSeconds: 1 },
    autoscaling: { changes: 1, predicted: { tilesPerSecond: 1, low: 1, high: 1, efficiency: 1 } },
    throughput: {
      tilesPerSecond: 1,
      window: {
        tiles: 1,
        seconds: 1,
        tilesPerSecond: 1,
        phaseSeconds: { forward: 1 },
        bytesSent: 1,
        bytesReceived: 1,
      },
    },
  },
} as const;

/** Every metric family of the operator, once everything has happened once. */
export async function operatorMetrics(): Promise<MetricFamily[]> {
  const metrics = new OperatorMetrics();
  metrics.observe({
    jobs: () => [JOB],
    queueDepth: () => 0,
    isLeader: () => true,
    informers: () => [{ resource: 'pods', synced: true }],
  });
  metrics.onTaken(0);
  metrics.onPass('done', 0);
  metrics.onRequest({ verb: 'get', resource: 'pods', status: 200, seconds: 0 });
  metrics.onRelist('pods');
  metrics.onScrape('allowed');
  metrics.onCertificateTaken(0);
  return families(await metrics.text());
}

/** Parses Prometheus' text format. */
function families(text: string): MetricFamily[] {
  const lines = text.split('\n');
  return lines.flatMap((line) => {
    const [, name = '', help = ''] = /^# HELP (\S+) (.*)$/.exec(line) ?? [];
    if (name === '') return [];
    const type = lines.find((other) => other.startsWith(`# TYPE ${name} `))?.split(' ')[3] ?? '';
    const samples = lines.filter((other) => new RegExp(`^${name}(_bucket|_sum|_count)?[{ ]`).test(other));
    const labels = samples.flatMap((sample) =>
      [...sample.matchAll(/[{,]([a-z_]+)="/g)].map(([, label = '']) => label),
    );
    return [{ name, type, help, labels: [...new Set(labels)].filter((label) => label !== 'le') }];
  });
}
