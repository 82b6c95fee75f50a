/** The command lines and configuration of etcd, the API server, the controller manager and the scheduler. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  API_SERVER_PORT,
  API_SERVICE_ADDRESS,
  CLUSTER_DOMAIN,
  CONTROL_PLANE_ADDRESS,
  POD_NETWORK,
  SERVICE_NETWORK,
} from './addresses.ts';
import type { CertificateFolder } from './certificates.ts';
import type { Programs } from './programs.ts';

const ETCD_URL = 'https://127.0.0.1:2379';

export interface ControlPlaneOptions {
  readonly home: string;
  readonly certificates: CertificateFolder;
  readonly programs: Programs;
  /** Of the API server, the controller manager and the scheduler. */
  readonly featureGates: Readonly<Record<string, boolean>>;
  /** APIs that are off by default: `scheduling.k8s.io/v1beta1`. */
  readonly apis: readonly string[];
}

/** The certificates that the control plane needs, and the administrator's. */
export async function makeControlPlaneCertificates(certificates: CertificateFolder): Promise<void> {
  await certificates.authority('ca');
  await certificates.authority('front-proxy-ca');
  certificates.tokenKeys('service-accounts');
  const client = ['client'] as const;
  await certificates.certificate('etcd', {
    commonName: 'etcd',
    use: ['client', 'server'],
    dnsNames: ['localhost'],
    addresses: ['127.0.0.1'],
  });
  await certificates.certificate('apiserver', {
    commonName: 'kube-apiserver',
    use: ['server'],
    dnsNames: [
      'localhost',
      'kubernetes',
      'kubernetes.default',
      'kubernetes.default.svc',
      `kubernetes.default.svc.${CLUSTER_DOMAIN}`,
    ],
    addresses: ['127.0.0.1', API_SERVICE_ADDRESS, CONTROL_PLANE_ADDRESS],
  });
  await certificates.certificate('apiserver-kubelet-client', {
    commonName: 'kube-apiserver-kubelet-client',
    organisation: 'system:masters',
    use: client,
  });
  await certificates.certificate(
    'front-proxy-client',
    { commonName: 'front-proxy-client', use: client },
    'front-proxy-ca',
  );
  await certificates.certificate('admin', {
    commonName: 'admin',
    organisation: 'system:masters',
    use: client,
  });
  for (const [name, commonName] of Object.entries(COMPONENT_USERS)) {
    await certificates.certificate(name, { commonName, use: client });
  }
}

/** The users of the components, by the name of their certificates and kubeconfigs. */
export const COMPONENT_USERS = {
  'controller-manager': 'system:kube-controller-manager',
  scheduler: 'system:kube-scheduler',
  proxy: 'system:kube-proxy',
  coredns: 'system:coredns',
} as const;

export function etcdCommand({ home, certificates, programs }: ControlPlaneOptions): string[] {
  const peer = 'http://127.0.0.1:2380';
  return [
    programs.component('etcd'),
    '--name=etcd',
    `--data-dir=${join(home, 'etcd')}`,
    `--listen-client-urls=${ETCD_URL}`,
    `--advertise-client-urls=${ETCD_URL}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=etcd=${peer}`,
    `--cert-file=${certificates.file('etcd.crt')}`,
    `--key-file=${certificates.file('etcd.key')}`,
    `--trusted-ca-file=${certificates.file('ca.crt')}`,
    '--client-cert-auth',
    // The cluster does not outlive the machine: what is written need not reach the disk.
    '--unsafe-no-fsync',
    '--log-level=warn',
  ];
}

export function apiServerCommand(options: ControlPlaneOptions): string[] {
  const { certificates, programs, apis } = options;
  const file = (name: string): string => certificates.file(name);
  return [
    programs.component('kube-apiserver'),
    `--etcd-servers=${ETCD_URL}`,
    `--etcd-cafile=${file('ca.crt')}`,
    `--etcd-certfile=${file('etcd.crt')}`,
    `--etcd-keyfile=${file('etcd.key')}`,
    `--bind-address=${CONTROL_PLANE_ADDRESS}`,
    `--advertise-address=${CONTROL_PLANE_ADDRESS}`,
    `--secure-port=${API_SERVER_PORT}`,
    `--tls-cert-file=${file('apiserver.crt')}`,
    `--tls-private-key-file=${file('apiserver.key')}`,
    `--client-ca-file=${file('ca.crt')}`,
    `--kubelet-certificate-authority=${file('ca.crt')}`,
    `--kubelet-client-certificate=${file('apiserver-kubelet-client.crt')}`,
    `--kubelet-client-key=${file('apiserver-kubelet-client.key')}`,
    '--kubelet-preferred-address-types=InternalIP',
    `--service-account-issuer=https://kubernetes.default.svc.${CLUSTER_DOMAIN}`,
    `--service-account-key-file=${file('service-accounts.pub')}`,
    `--service-account-signing-key-file=${file('service-accounts.key')}`,
    `--requestheader-client-ca-file=${file('front-proxy-ca.crt')}`,
    '--requestheader-allowed-names=front-proxy-client',
    '--requestheader-username-headers=X-Remote-User',
    '--requestheader-group-headers=X-Remote-Group',
    '--requestheader-extra-headers-prefix=X-Remote-Extra-',
    `--proxy-client-cert-file=${file('front-proxy-client.crt')}`,
    `--proxy-client-key-file=${file('front-proxy-client.key')}`,
    '--enable-aggregator-routing=true',
    '--authorization-mode=Node,RBAC',
    '--enable-admission-plugins=NodeRestriction',
    '--allow-privileged=true',
    `--service-cluster-ip-range=${SERVICE_NETWORK}`,
    // A restart must not wait for the watches of every client to end.
    '--shutdown-delay-duration=0s',
    ...(apis.length === 0 ? [] : [`--runtime-config=${apis.map((api) => `${api}=true`).join(',')}`]),
    ...featureGatesFlag(options),
  ];
}

export function controllerManagerCommand(options: ControlPlaneOptions): string[] {
  const { certificates, programs } = options;
  return [
    programs.component('kube-controller-manager'),
    ...ownConnection(options, 'controller-manager'),
    `--kubeconfig=${kubeconfigOf(options, 'controller-manager')}`,
    '--leader-elect=false',
    '--use-service-account-credentials=true',
    '--kube-api-qps=500',
    '--kube-api-burst=500',
    `--service-account-private-key-file=${certificates.file('service-accounts.key')}`,
    `--root-ca-file=${certificates.file('ca.crt')}`,
    `--cluster-signing-cert-file=${certificates.file('ca.crt')}`,
    `--cluster-signing-key-file=${certificates.file('ca.key')}`,
    `--cluster-cidr=${POD_NETWORK}`,
    '--allocate-node-cidrs=false',
    ...featureGatesFlag(options),
  ];
}

export function schedulerCommand(options: ControlPlaneOptions): string[] {
  const configuration = join(options.home, 'configuration', 'scheduler.json');
  writeConfiguration(configuration, {
    apiVersion: 'kubescheduler.config.k8s.io/v1',
    kind: 'KubeSchedulerConfiguration',
    clientConnection: { kubeconfig: kubeconfigOf(options, 'scheduler'), qps: 500, burst: 500 },
    leaderElection: { leaderElect: false },
  });
  return [
    options.programs.component('kube-scheduler'),
    `--config=${configuration}`,
    ...ownConnection(options, 'scheduler'),
    ...featureGatesFlag(options),
  ];
}

export function kubeconfigOf({ home }: { readonly home: string }, user: string): string {
  return join(home, 'configuration', `${user}.kubeconfig`);
}

/** Components read JSON where their documentation says YAML. */
export function writeConfiguration(file: string, content: unknown): void {
  mkdirSync(join(file, '..'), { recursive: true });
  writeFileSync(file, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
}

/** How a component serves its own metrics, and asks the API server who may read them. */
function ownConnection(options: ControlPlaneOptions, user: string): string[] {
  return [
    `--authentication-kubeconfig=${kubeconfigOf(options, user)}`,
    `--authorization-kubeconfig=${kubeconfigOf(options, user)}`,
    `--client-ca-file=${options.certificates.file('ca.crt')}`,
    `--requestheader-client-ca-file=${options.certificates.file('front-proxy-ca.crt')}`,
    '--bind-address=127.0.0.1',
  ];
}

function featureGatesFlag({ featureGates }: ControlPlaneOptions): string[] {
  const gates = Object.entries(featureGates).map(([gate, on]) => `${gate}=${on}`);
  return gates.length === 0 ? [] : [`--feature-gates=${gates.join(',')}`];
}
