/**
 * Where the API server is and how it is convinced: certificates, tokens, exec plug-ins and OIDC through the Kubernetes
 * client library's KubeConfig; inside a cluster the pod's own service account, read here. (The library costs about
 * 85 MB of resident memory for its generated classes, so a pod does without it.)
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Agent } from 'node:http';
import type { RequestOptions } from 'node:https';
import { isIPv6 } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { KubeConfig } from '@kubernetes/client-node';
import { WsiError, type Clock } from '@wsi-operator/foundation';

export interface Tls extends Pick<SecureContextOptions, 'ca' | 'cert' | 'key' | 'pfx' | 'passphrase'> {
  readonly rejectUnauthorized?: boolean;
  readonly servername?: string;
}

export interface Credentials {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: Tls;
  /** Changes when `tls` does: connections made with other certificates must not be used again. */
  readonly fingerprint: string;
  /** Set when a proxy is between. */
  readonly agent?: Agent;
}

export interface ServerAccess {
  /** May have a path, below which the API is served. */
  readonly server: URL;
  /** @throws WsiError Unavailable when there are none (no token file, an exec plug-in that fails). */
  credentials(): Promise<Credentials>;
  /** The server has refused them: read them again next time. */
  invalidate(): void;
}

/** How long credentials are used before they are read again (files, exec plug-ins), milliseconds. */
const freshFor = 10_000;

/**
 * Access as a kubeconfig describes it (`config.loadFromDefault()`).
 * @throws WsiError InvalidArgument when the config has no current cluster.
 */
export function kubeConfigAccess(config: KubeConfig, clock: Clock): ServerAccess {
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new WsiError('InvalidArgument', 'the kubeconfig has no current cluster', {
      remedy: 'Choose a context with `kubectl config use-context`.',
    });
  }
  return access(serverOf(cluster.server), clock, async () => {
    const options: RequestOptions = {};
    await config.applyToHTTPSOptions(options);
    const headers = headersOf(options);
    return credentialsOf(headers, tlsOf(options), cluster.proxyUrl === undefined ? undefined : options.agent);
  });
}

/** An address of IPv6 stands in brackets; one with a zone (`fe80::1%eth0`) is none of a URL. */
function serverOf(server: string): URL {
  if (URL.canParse(server) && /^https?:$/.test(new URL(server).protocol)) return new URL(server);
  throw new WsiError('InvalidArgument', `the kubeconfig's server is no address: '${server}'`, {
    remedy: 'Write a URL such as https://10.0.0.1:6443 or https://[fd00::1]:6443, without a zone.',
  });
}

const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount';

/**
 * Access with the pod's own service account; the token is read again as the kubelet renews it.
 * @returns undefined when the process does not run in a pod that has one.
 */
export function inClusterAccess(
  clock: Clock,
  place: { readonly directory?: string; readonly environment?: NodeJS.ProcessEnv } = {},
): ServerAccess | undefined {
  const { directory = serviceAccount, environment = process.env } = place;
  const host = environment['KUBERNETES_SERVICE_HOST'];
  const port = environment['KUBERNETES_SERVICE_PORT'];
  if (host === undefined || host === '' || port === undefined || port === '') return undefined;
  const server = new URL(`https://${isIPv6(host) ? `[${host}]` : host}:${port}`);
  return access(server, clock, async () => {
    const [token, ca] = await Promise.all([
      readFile(`${directory}/token`, 'utf8'),
      readFile(`${directory}/ca.crt`, 'utf8'),
    ]);
    return credentialsOf({ authorization: `Bearer ${token.trim()}` }, { ca }, undefined);
  });
}

function access(server: URL, clock: Clock, read: () => Promise<Credentials>): ServerAccess {
  let known: { readonly value: Promise<Credentials>; until: number } | undefined;
  return {
    server,
    credentials: () => {
      if (known !== undefined && clock.monotonic() < known.until) return known.value;
      // One reading serves all that ask meanwhile: an exec plug-in must not be started a hundred times.
      const reading = { value: read(), until: Number.POSITIVE_INFINITY };
      known = reading;
      reading.value = reading.value.then(
        (credentials) => {
          reading.until = clock.monotonic() + freshFor;
          return credentials;
        },
        (error: unknown) => {
          if (known === reading) known = undefined;
          const problem = error instanceof Error ? error.message : String(error);
          throw new WsiError('Unavailable', `the credentials for the API server cannot be read: ${problem}`, {
            where: server.host,
            cause: error,
            retryable: true,
          });
        },
      );
      return reading.value;
    },
    invalidate: () => (known = undefined),
  };
}

function credentialsOf(
  headers: Record<string, string>,
  tls: Tls,
  agent: RequestOptions['agent'],
): Credentials {
  const hash = createHash('sha256');
  for (const part of [tls.ca, tls.cert, tls.key, tls.pfx, tls.passphrase, tls.servername]) {
    hash.update(`\n${JSON.stringify(part)}`);
  }
  hash.update(String(tls.rejectUnauthorized));
  const proxy = typeof agent === 'object' ? { agent } : {};
  return { headers, tls, fingerprint: hash.digest('base64'), ...proxy };
}

function tlsOf(options: RequestOptions): Tls {
  const names = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'] as const;
  const entries = names.map((name) => [name, options[name]] as const);
  return Object.fromEntries(entries.filter(([, value]) => value !== undefined));
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    // A token file may end with a new line, which no header may.
    headers[name.toLowerCase()] = String(value).trim();
  }
  if (typeof options.auth === 'string') {
    headers['authorization'] = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  return headers;
}
