/** What the Grafana dashboard shows: rows of panels with their queries. */
/* eslint-disable max-lines -- a table of panels */

export interface Panel {
  readonly title: string;
  readonly description: string;
  readonly type?: 'timeseries' | 'stat' | 'table' | 'gauge';
  readonly unit: string;
  readonly width?: number;
  readonly height?: number;
  /** PromQL with its legend. */
  readonly queries: readonly (readonly [expression: string, legend: string])[];
  readonly stacked?: boolean;
  readonly maximum?: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const JOB = 'namespace=~"$namespace", job=~"$job"';
/** Only the leader has series of jobs; when the lead changes hands, an interval may hold those of two. */
const perJob = (metric: string, labels = JOB): string => `max by (namespace, job) (${metric}{${labels}})`;
const perRole = (metric: string, labels = JOB): string =>
  `max by (namespace, job, role) (${metric}{${labels}})`;
const quantile = (share: number, metric: string, by: string): string =>
  `histogram_quantile(${share}, sum by (le${by}) (rate(${metric}_bucket[$__rate_interval])))`;

export const ROWS: readonly Row[] = [
  {
    title: 'Jobs',
    panels: [
      {
        title: 'Jobs by phase',
        description: 'As the leader sees them, over all its namespaces.',
        unit: 'short',
        stacked: true,
        width: 8,
        queries: [['max by (phase) (wsi_operator_jobs)', '{{phase}}']],
      },
      {
        title: 'Progress',
        description: 'Share of the steps that is done.',
        unit: 'percentunit',
        maximum: 1,
        width: 8,
        queries: [[perJob('wsi_job_progress_ratio'), '{{namespace}}/{{job}}']],
      },
      {
        title: 'Time to the end',
        description: 'At the present rate.',
        unit: 's',
        width: 8,
        queries: [[perJob('wsi_job_eta_seconds'), '{{namespace}}/{{job}}']],
      },
      {
        title: 'Throughput',
        description: 'Tiles a second that went through training.',
        unit: 'short',
        width: 12,
        queries: [
          [perJob('wsi_job_tiles_per_second'), '{{namespace}}/{{job}}'],
          [perJob('wsi_job_window_tiles_per_second'), '{{namespace}}/{{job}} measured window'],
        ],
      },
      {
        title: 'Predicted throughput',
        description:
          'What the performance model says of the present size; the number of workers is chosen by it.',
        unit: 'short',
        width: 12,
        queries: [
          [perJob('wsi_job_predicted_tiles_per_second', `${JOB}, bound="expected"`), '{{namespace}}/{{job}}'],
        ],
      },
      {
        title: 'Efficiency of the last worker',
        description: 'Its predicted gain, relative to what the first one brings.',
        unit: 'percentunit',
        width: 12,
        queries: [[perJob('wsi_job_efficiency_ratio'), '{{namespace}}/{{job}}']],
      },
      {
        title: 'Changes of size',
        description: 'By the autoscaler, since the job began.',
        unit: 'short',
        width: 12,
        queries: [[perJob('wsi_job_size_changes'), '{{namespace}}/{{job}}']],
      },
      {
        title: 'Throughput of one worker',
        description: 'Falls when workers are added faster than the run can use them.',
        unit: 'short',
        width: 12,
        queries: [
          [
            `${perJob('wsi_job_tiles_per_second')} / ${perJob('wsi_job_replicas', `${JOB}, role="worker", state="ready"`)}`,
            '{{namespace}}/{{job}}',
          ],
        ],
      },
    ],
  },
  {
    title: 'Where the time of workers goes',
    panels: [
      {
        title: 'Time for a tile by phase',
        description:
          'Of all workers. forward and backward compute; open, read and decode wait for tiles; pull and push for parameter servers; barrierWait for the other workers of a step.',
        unit: 's',
        stacked: true,
        width: 16,
        queries: [
          [
            `max by (namespace, job, phase) (wsi_job_phase_seconds_per_tile{${JOB}})`,
            '{{namespace}}/{{job}} {{phase}}',
          ],
        ],
      },
      {
        title: 'Parameters on the network',
        description: 'Between all workers and the parameter servers.',
        unit: 'Bps',
        width: 8,
        queries: [
          [
            `max by (namespace, job, direction) (wsi_job_parameter_bytes_per_second{${JOB}})`,
            '{{namespace}}/{{job}} {{direction}}',
          ],
        ],
      },
    ],
  },
  {
    title: 'Pods of jobs',
    panels: [
      {
        title: 'Ready pods',
        description: 'Pods of each role that are ready.',
        unit: 'short',
        width: 8,
        queries: [[perRole('wsi_job_replicas', `${JOB}, state="ready"`), '{{namespace}}/{{job}} {{role}}']],
      },
      {
        title: 'Missing pods',
        description:
          'Desired and not ready, of jobs that are not done: starting, waiting for a node or a queue, suspended, failed.',
        unit: 'short',
        width: 8,
        queries: [
          [
            `${perRole('wsi_job_replicas', `${JOB}, state="desired"`)} - ${perRole('wsi_job_replicas', `${JOB}, state="ready"`)} unless on (namespace, job) ${perJob('wsi_job_progress_ratio')} == 1`,
            '{{namespace}}/{{job}} {{role}}',
          ],
        ],
      },
      {
        title: 'Failed jobs',
        description: 'Jobs that have failed and are still there, with the reason.',
        type: 'table',
        unit: 'short',
        width: 8,
        queries: [[`max by (namespace, job, reason) (wsi_job_failed{${JOB}}) == 1`, '']],
      },
      {
        title: 'Restarts',
        description: 'Pods that were started again in the last hour.',
        unit: 'short',
        width: 8,
        queries: [
          [
            `max by (namespace, job, role) (increase(wsi_job_restarts{${JOB}}[1h]))`,
            '{{namespace}}/{{job}} {{role}}',
          ],
        ],
      },
      {
        title: 'Peak memory',
        description:
          'Largest resident memory of any pod of the role so far; compare with its limit. Of GPUs, their own memory.',
        unit: 'bytes',
        width: 12,
        queries: [
          [perRole('wsi_job_peak_memory_bytes'), '{{namespace}}/{{job}} {{role}}'],
          [perJob('wsi_job_device_peak_memory_bytes'), '{{namespace}}/{{job}} device'],
        ],
      },
      {
        title: 'Memory',
        description: 'Resident memory of the largest pod of the role now.',
        unit: 'bytes',
        width: 12,
        queries: [[perRole('wsi_job_memory_bytes'), '{{namespace}}/{{job}} {{role}}']],
      },
    ],
  },
  {
    title: 'Operator',
    panels: [
      {
        title: 'Leaders',
        description: 'One, but for the seconds in which the lead changes hands.',
        type: 'stat',
        unit: 'short',
        width: 4,
        queries: [['sum(wsi_operator_leader)', 'leaders']],
      },
      {
        title: 'Queue',
        description: 'Jobs that are due and wait to be reconciled.',
        unit: 'short',
        width: 10,
        queries: [['max(wsi_operator_queue_depth)', 'waiting']],
      },
      {
        title: 'Wait in the queue',
        description: 'How long a job that was due waited to be reconciled.',
        unit: 's',
        width: 10,
        queries: [
          [quantile(0.5, 'wsi_operator_queue_wait_seconds', ''), 'median'],
          [quantile(0.99, 'wsi_operator_queue_wait_seconds', ''), '99 %'],
        ],
      },
      {
        title: 'Looks at jobs',
        description: 'A second, by outcome.',
        unit: 'ops',
        width: 8,
        queries: [['sum by (outcome) (rate(wsi_operator_reconcile_total[$__rate_interval]))', '{{outcome}}']],
      },
      {
        title: 'Reconcile duration',
        description: 'Observe, plan, apply, write the status.',
        unit: 's',
        width: 8,
        queries: [
          [quantile(0.5, 'wsi_operator_reconcile_duration_seconds', ''), 'median'],
          [quantile(0.99, 'wsi_operator_reconcile_duration_seconds', ''), '99 %'],
        ],
      },
      {
        title: 'Caches',
        description:
          'Replicas whose cache of a resource has not been filled, lists that were made again because a watch could not be resumed, and statuses that the definition (CRD) has not got all fields for.',
        unit: 'short',
        width: 8,
        queries: [
          ['sum by (resource) (1 - wsi_operator_informer_synced)', '{{resource}} not filled'],
          [
            'sum by (resource) (increase(wsi_operator_informer_relists_total[1h]))',
            '{{resource}} relists, 1 h',
          ],
          ['sum (increase(wsi_operator_incomplete_statuses_total[1h]))', 'incomplete statuses, 1 h'],
        ],
      },
      {
        title: 'API requests',
        description: 'Requests a second to the API server.',
        unit: 'reqps',
        width: 8,
        queries: [
          [
            'sum by (verb, resource) (rate(wsi_operator_api_requests_total[$__rate_interval]))',
            '{{verb}} {{resource}}',
          ],
        ],
      },
      {
        title: 'API errors',
        description:
          'Answers other than 2xx: 409 is a conflict that is tried again, 429 asks to wait, 0 is no answer.',
        unit: 'reqps',
        width: 8,
        queries: [
          [
            'sum by (code, verb, resource) (rate(wsi_operator_api_requests_total{code!~"2.."}[$__rate_interval]))',
            '{{code}} {{verb}} {{resource}}',
          ],
        ],
      },
      {
        title: 'Duration of API requests',
        description: 'Of a watch, until it was accepted.',
        unit: 's',
        width: 8,
        queries: [
          [quantile(0.5, 'wsi_operator_api_request_duration_seconds', ''), 'median'],
          [quantile(0.99, 'wsi_operator_api_request_duration_seconds', ''), '99 %'],
        ],
      },
      {
        title: 'Requests for metrics',
        description:
          'With metrics.secure: what became of them. Allowed ones alone are as it should be; handshake is no TLS or no certificate, unavailable an API server that does not review tokens.',
        unit: 'reqps',
        width: 8,
        queries: [
          ['sum by (outcome) (rate(wsi_operator_metrics_requests_total[$__rate_interval]))', '{{outcome}}'],
        ],
      },
      {
        title: 'Certificate of the metrics',
        description:
          'With metrics.secure: days until it expires, by replica, and readings of one that cannot be used.',
        unit: 'short',
        width: 8,
        queries: [
          [
            '(wsi_operator_metrics_certificate_expiry_timestamp_seconds - time()) / 86400',
            '{{instance}}, days',
          ],
          ['sum by (outcome) (increase(wsi_operator_metrics_certificates_total[1h]))', '{{outcome}}, 1 h'],
        ],
      },
      {
        title: 'Memory of the operator',
        description:
          'Resident memory of each replica; grows with the number of jobs and pods that it watches.',
        unit: 'bytes',
        width: 8,
        queries: [['process_resident_memory_bytes and on (instance) wsi_operator_leader', '{{instance}}']],
      },
      {
        title: 'CPU of the operator',
        description: 'Cores of each replica.',
        unit: 'short',
        width: 8,
        queries: [
          [
            'rate(process_cpu_seconds_total[$__rate_interval]) and on (instance) wsi_operator_leader',
            '{{instance}}',
          ],
        ],
      },
      {
        title: 'Delay of the event loop',
        description: 'A replica whose loop stands still can lose the lead.',
        unit: 's',
        width: 8,
        queries: [['nodejs_eventloop_lag_p99_seconds and on (instance) wsi_operator_leader', '{{instance}}']],
      },
    ],
  },
];
