import { describe, expect, it } from '@jest/globals';
import { figuresOf } from './operator-figures.ts';

const TEXT = `# HELP process_cpu_seconds_total Total user and system CPU time spent in seconds.
# TYPE process_cpu_seconds_total counter
process_cpu_seconds_total 1.5
process_resident_memory_bytes 1e8
wsi_operator_api_requests_total{verb="create",resource="pods",code="201"} 10
wsi_operator_api_requests_total{verb="create",resource="pods",code="409"} 1
wsi_operator_api_requests_total{verb="patch",resource="services",code="200"} 4
wsi_operator_reconcile_total{outcome="done"} 7
wsi_operator_reconcile_duration_seconds_count{outcome="done"} 7
`;

describe("the operator's figures", () => {
  it('are read from its metrics, and summed over its pods', () => {
    const one = figuresOf(TEXT);
    expect(one).toMatchObject({ requests: 15, cpuSeconds: 1.5, residentBytes: 1e8, reconciles: 7 });
    expect(Object.fromEntries(one.requestsByKind)).toEqual({ 'create pods': 11, 'patch services': 4 });
    expect(figuresOf(`${TEXT}\n${TEXT}`)).toMatchObject({ requests: 30, cpuSeconds: 3, reconciles: 14 });
  });

  it('are absent without metrics', () => {
    expect(figuresOf('')).toMatchObject({ requests: 0, cpuSeconds: 0 });
  });
});
