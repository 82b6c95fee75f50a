import { describe, expect, it, jest } from '@jest/globals';
import { readOptions } from './options.ts';

/** What the parser prints for people. */
function silenced<Result>(call: () => Result): Result {
  const write = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
  try {
    return call();
  } finally {
    write.mockRestore();
  }
}

describe('readOptions', () => {
  it('has defaults for everything', () => {
    const options = readOptions([], { HOSTNAME: 'node-1' });
    expect(options).toMatchObject({
      metricsPort: 8080,
      healthPort: 8081,
      namespaces: [],
      leaderElect: true,
      leaseNamespace: 'default',
      leaseName: 'wsi-operator',
      logLevel: 'info',
    });
    expect(options.identity).toMatch(/^node-1-\d+$/);
    expect(options.settings).toMatchObject({ certificates: true, restricted: true, defaultGang: 'none' });
    expect(options.settings).not.toHaveProperty('defaultQueue');
  });

  it('takes ports and rules of policies, and who chooses the user of pods', () => {
    const rule = { to: [{ ipBlock: { cidr: 'fd00::/8' } }] };
    const { podIdentity, settings } = readOptions(
      ['--dns-ports=53,1053', `--policy-egress=${JSON.stringify([rule])}`, '--pod-identity=platform'],
      {},
    );
    expect(podIdentity).toBe('platform');
    expect(settings).toMatchObject({ dnsPorts: [53, 1053], policyEgress: [rule], podIdentity: 'platform' });
    expect(readOptions([], {}).podIdentity).toBe('auto');
    for (const wrong of [
      '--dns-ports=53,x',
      '--dns-ports=70000',
      '--policy-egress={}',
      '--policy-egress=[',
    ]) {
      expect(() => silenced(() => readOptions([wrong], {}))).toThrow(/is not a/);
    }
  });

  it('serves metrics to everybody by default', () => {
    expect(readOptions([], {}).metricsSecurity).toBeUndefined();
    expect(readOptions(['--metrics-secure=true'], {}).metricsSecurity).toEqual({});
    const given = ['--metrics-certificate=/tls', '--metrics-client-authority=/clients/ca.crt'];
    expect(readOptions(given, { WSI_METRICS_SECURE: 'true' }).metricsSecurity).toEqual({
      certificateDirectory: '/tls',
      clientAuthority: '/clients/ca.crt',
    });
    for (const one of given) {
      expect(() => silenced(() => readOptions([one], {}))).toThrow(/only for --metrics-secure=true/);
    }
  });

  it('takes flags before variables, and an empty variable for none', () => {
    const options = readOptions(
      ['--concurrency', '3', '--namespaces=a, b', '--certificates=false', '--default-gang', 'kueue'],
      {
        WSI_CONCURRENCY: '5',
        WSI_API_QPS: '50',
        WSI_NETWORK_POLICY: 'false',
        WSI_DEFAULT_QUEUE: '',
        WSI_OPERATOR_LABELS: 'app=op,tier=x',
        WSI_PROGRESS_INTERVAL: '2500',
        POD_NAME: 'operator-abc',
        POD_NAMESPACE: 'wsi-system',
      },
    );
    expect(options).toMatchObject({
      concurrency: 3,
      queriesPerSecond: 50,
      namespaces: ['a', 'b'],
      identity: 'operator-abc',
      leaseNamespace: 'wsi-system',
    });
    expect(options.settings).toMatchObject({
      certificates: false,
      networkPolicy: false,
      defaultGang: 'kueue',
      operatorNamespace: 'wsi-system',
      operatorLabels: { app: 'op', tier: 'x' },
      progressIntervalMilliseconds: 2500,
    });
    expect(options.settings).not.toHaveProperty('defaultQueue');
  });

  it.each([
    [['--metrics-port', '70000'], {}],
    [['--concurrency', '0'], {}],
    [['--leader-elect', 'perhaps'], {}],
    [['--default-gang', 'slurm'], {}],
    [['--operator-labels', 'app'], {}],
    [['--unknown'], {}],
    [['extra'], {}],
    [[], { WSI_API_BURST: 'many' }],
    [[], { WSI_LOG_LEVEL: 'loud' }],
  ])('refuses %j with %j', (argv, environment) => {
    expect(() => silenced(() => readOptions(argv, environment))).toThrow(/invalid|unknown option|too many/);
  });

  it('names the variable that is wrong', () => {
    const read = (): unknown => readOptions([], { WSI_API_BURST: 'many' });
    expect(() => silenced(read)).toThrow(/WSI_API_BURST.*'many' is not a whole number/);
  });
});
