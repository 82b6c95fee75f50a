/**
 * `wsi run` with one thing more, for storms: a line `workers N` on its standard input changes the number of workers while
 * the run goes on, as an edit of the job does on a cluster.
 *
 *     node resizable-run.ts MANIFEST OUTPUT WORKERS SERVERS
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { jobFromText } from '@wsi-operator/api';
import { WsiError } from '@wsi-operator/foundation';
import { runLocalJob, type LocalCluster, type LocalRunResult } from '@wsi-operator/operator';

/** As of `wsi run`. */
const EXIT_CODE: Record<LocalRunResult['outcome'], number> = {
  succeeded: 0,
  failed: 1,
  suspended: 130,
  killed: 130,
};
const STORAGE = 74;

const [manifest = '', output = '', workers = '1', servers = '1'] = process.argv.slice(2);
const stop = new AbortController();
process.on('SIGINT', () => stop.abort());
let cluster: LocalCluster | undefined;
createInterface(process.stdin).on('line', (line) => {
  const replicas = Number(/^workers (\d+)$/.exec(line)?.[1]);
  if (replicas > 0) cluster?.edit((spec) => ({ ...spec, workers: { ...spec.workers, replicas } }));
});
try {
  const overrides = [`workers.replicas=${workers}`, `parameterServers.replicas=${servers}`];
  const job = jobFromText(readFileSync(manifest, 'utf8'), manifest, { overrides });
  const end = await runLocalJob({
    job,
    output,
    signal: stop.signal,
    onCluster: (made) => (cluster = made),
    onEvents: (events) => {
      for (const { type, message } of events) if (type === 'Warning') process.stderr.write(`! ${message}\n`);
    },
  });
  process.stderr.write(`${end.outcome} ${end.reason ?? ''} ${end.message ?? ''}\n`);
  process.exit(EXIT_CODE[end.outcome]);
} catch (thrown) {
  const error = WsiError.from(thrown);
  process.stderr.write(`${error.code}: ${error.message}\n`);
  process.exit(error.code === 'StorageFailed' ? STORAGE : 1);
}
