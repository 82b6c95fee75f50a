import { describe, expect, it } from '@jest/globals';
import type { JobForMetrics } from './job-metrics.ts';
import { OperatorMetrics } from './metrics.ts';

const JOB: JobForMetrics = {
  namespace: 'lab',
  name: 'lung',
  status: {
    phase: 'Running',
    workers: { desired: 4, ready: 3, restarts: 1 },
    parameterServers: { desired: 1, ready: 1, restarts: 0 },
    progress: { step: 5, steps: 10, epoch: 0, epochs: 1, fraction: 0.5, etaSeconds: 90 },
    throughput: {
      tilesPerSecond: 120.5,
      window: {
        workers: 3,
        tiles: 400,
        seconds: 4,
        tilesPerSecond: 100,
        phaseSeconds: { forward: 2, backward: 6, somethingElse: 1 },
        bytesSent: 800,
        bytesReceived: 1200,
      },
    },
    memory: { workers: 2048, current: { workers: 1024 } },
  } as unknown as JobForMetrics['status'],
};

function set(up: { jobs: JobForMetrics[]; leader: boolean }): OperatorMetrics {
  const metrics = new OperatorMetrics();
  metrics.observe({
    jobs: () => up.jobs,
    queueDepth: () => 7,
    isLeader: () => up.leader,
    informers: () => [
      { resource: 'pods', synced: true },
      { resource: 'services', synced: false },
    ],
  });
  return metrics;
}

describe('OperatorMetrics', () => {
  it('reports the process, the loop and the requests', async () => {
    const metrics = set({ jobs: [], leader: true });
    metrics.onPass('done', 0.02);
    metrics.onPass('failed', 0.3);
    metrics.onTaken(1.5);
    metrics.onRequest({ verb: 'create', resource: 'pods', status: 201, seconds: 0.004 });
    metrics.onRelist('pods');
    const text = await metrics.text();
    for (const line of [
      'wsi_operator_reconcile_total{outcome="done"} 1',
      'wsi_operator_reconcile_duration_seconds_count{outcome="failed"} 1',
      'wsi_operator_queue_wait_seconds_sum 1.5',
      'wsi_operator_queue_depth 7',
      'wsi_operator_leader 1',
      'wsi_operator_api_requests_total{verb="create",resource="pods",code="201"} 1',
      'wsi_operator_api_request_duration_seconds_count{verb="create",resource="pods"} 1',
      'wsi_operator_informer_synced{resource="services"} 0',
      'wsi_operator_informer_relists_total{resource="pods"} 1',
      'wsi_operator_jobs{phase="Running"} 0',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).toContain('process_resident_memory_bytes');
  });

  it('reports each job while it is there, and none when another process leads', async () => {
    const state = { jobs: [JOB], leader: true };
    const metrics = set(state);
    const text = await metrics.text();
    for (const line of [
      'wsi_operator_jobs{phase="Running"} 1',
      'wsi_job_replicas{namespace="lab",job="lung",role="worker",state="desired"} 4',
      'wsi_job_replicas{namespace="lab",job="lung",role="worker",state="ready"} 3',
      'wsi_job_restarts{namespace="lab",job="lung",role="worker"} 1',
      'wsi_job_tiles_per_second{namespace="lab",job="lung"} 120.5',
      'wsi_job_progress_ratio{namespace="lab",job="lung"} 0.5',
      'wsi_job_eta_seconds{namespace="lab",job="lung"} 90',
      'wsi_job_peak_memory_bytes{namespace="lab",job="lung",role="worker"} 2048',
      'wsi_job_memory_bytes{namespace="lab",job="lung",role="worker"} 1024',
      'wsi_job_phase_seconds_per_tile{namespace="lab",job="lung",phase="forward"} 0.005',
      'wsi_job_phase_seconds_per_tile{namespace="lab",job="lung",phase="backward"} 0.015',
      'wsi_job_window_tiles_per_second{namespace="lab",job="lung"} 100',
      'wsi_job_parameter_bytes_per_second{namespace="lab",job="lung",direction="sent"} 200',
      'wsi_job_parameter_bytes_per_second{namespace="lab",job="lung",direction="received"} 300',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
    // A coordinator does not choose how many series there are.
    expect(text).not.toContain('somethingElse');
    // Nothing is made up for a role that has said nothing.
    expect(text).not.toContain('role="coordinator"');
    state.leader = false;
    expect(await metrics.text()).not.toContain('job="lung"');
    state.leader = true;
    state.jobs = [{ ...JOB, status: { ...JOB.status, phase: 'Succeeded' } }];
    const over = await metrics.text();
    expect(over).toContain('wsi_job_progress_ratio{namespace="lab"');
    expect(over).not.toContain('wsi_job_tiles_per_second{');
    expect(over).not.toContain('wsi_job_phase_seconds_per_tile{');
    state.jobs = [];
    expect(await metrics.text()).not.toContain('job="lung"');
  });
});
