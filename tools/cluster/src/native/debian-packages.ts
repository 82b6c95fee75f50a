/** Programs that are taken from the distribution as they are. */
import { existsSync } from 'node:fs';
import { WsiError } from '@wsi-operator/foundation';
import { attempt, lastLines } from '../command.ts';
import type { Log } from '../provider.ts';
import { NETWORK_PLUGINS } from './node-agent.ts';

const FOLDERS = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** What has to be there, and the Debian package that has it. */
const NEEDED: Readonly<Record<string, string>> = {
  runc: 'runc',
  [`${NETWORK_PLUGINS}/ptp`]: 'containernetworking-plugins',
  ip: 'iproute2',
  // Of kube-proxy; and of the plug-in that gives pods ports of their node.
  nft: 'nftables',
  iptables: 'iptables',
  conntrack: 'conntrack',
  nsenter: 'util-linux',
  mount: 'mount',
};

export function missingPackages(
  isThere: (program: string) => boolean = exists,
  needed: Readonly<Record<string, string>> = NEEDED,
): string[] {
  return Object.entries(needed).flatMap(([program, debian]) => (isThere(program) ? [] : [debian]));
}

/**
 * Installs what is missing where that is possible.
 * @param needed programs with the packages that have them; by default those of every cluster
 * @throws WsiError `Unavailable` that says what to install
 */
export async function requirePackages(log: Log, needed = NEEDED): Promise<void> {
  const missing = missingPackages(exists, needed);
  if (missing.length === 0) return;
  const remedy = `Install them, on Debian and Ubuntu: apt-get install ${missing.join(' ')}`;
  const problem = `This machine lacks ${missing.join(', ')}`;
  if (!exists('apt-get')) throw new WsiError('Unavailable', problem, { remedy });
  log(`installing ${missing.join(', ')}`);
  const install = ['install', '--yes', '--no-install-recommends', ...missing];
  const environment = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  // Lists of packages may be missing or old; they are fetched when it does not work without.
  for (const step of [install, ['update'], install]) {
    const { code, stdout, stderr } = await attempt('apt-get', ['--quiet', ...step], {
      env: environment,
      timeoutSeconds: 600,
    });
    if (missingPackages(exists, needed).length === 0) return;
    if (code !== 0) log(`apt-get ${step[0] ?? ''}: ${lastLines(stderr || stdout, 2)}`);
  }
  throw new WsiError('Unavailable', problem, { remedy });
}

function exists(program: string): boolean {
  return program.startsWith('/')
    ? existsSync(program)
    : FOLDERS.some((folder) => existsSync(`${folder}/${program}`));
}
