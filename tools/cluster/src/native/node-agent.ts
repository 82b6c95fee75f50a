/** The command lines and configuration of a node: containerd, kubelet and kube-proxy. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { CLUSTER_DOMAIN, CONTROL_PLANE_ADDRESS, POD_NETWORK, podSubnet } from './addresses.ts';
import type { CertificateFolder } from './certificates.ts';
import { kubeconfigOf, writeConfiguration } from './control-plane.ts';
import type { NodeCell } from './node-cell.ts';
import type { Programs } from './programs.ts';

export const PAUSE_IMAGE = 'wsi-native/pause:1';
/** The folder of Debian's network plug-ins. */
export const NETWORK_PLUGINS = '/usr/lib/cni';

export interface NodeOptions {
  readonly home: string;
  readonly certificates: CertificateFolder;
  readonly programs: Programs;
  readonly featureGates: Readonly<Record<string, boolean>>;
}

export async function makeNodeCertificates(certificates: CertificateFolder, cell: NodeCell): Promise<void> {
  const identity = { commonName: `system:node:${cell.name}`, organisation: 'system:nodes' };
  await certificates.certificate(cell.name, { ...identity, use: ['client'] });
  await certificates.certificate(`${cell.name}-server`, {
    ...identity,
    use: ['server'],
    dnsNames: [cell.name],
    addresses: [cell.address],
  });
}

/** Where containerd of a node listens. The path is the same inside the cell and outside. */
export function containerdSocket(cell: NodeCell): string {
  return join(cell.directory, 'containerd.sock');
}

export function containerdCommand(cell: NodeCell, { programs }: NodeOptions): string[] {
  const network = join(cell.directory, 'network');
  // Every pod has a link of its own to its node, and no bridge: all its packets are routed, so that services work
  // the same from every pod to every other, itself included.
  writeConfiguration(join(network, '10-pods.conflist'), {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      {
        type: 'ptp',
        ipMasq: false,
        mtu: 1500,
        ipam: {
          type: 'host-local',
          dataDir: join(cell.directory, 'addresses'),
          ranges: [[{ subnet: podSubnet(cell.index) }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  });
  const configuration = join(cell.directory, 'containerd.toml');
  writeFileSync(configuration, containerdConfiguration(cell, network));
  return [join(programs.containerdDirectory, 'containerd'), '--config', configuration];
}

function containerdConfiguration(cell: NodeCell, network: string): string {
  const folder = join(cell.directory, 'containerd');
  return `version = 3
root = "${folder}/root"
state = "${folder}/state"
# Of whole-disk snapshots, tracing and node plug-ins nothing is used; they cost seconds at the start.
disabled_plugins = ["io.containerd.tracing.processor.v1.otlp", "io.containerd.nri.v1.nri"]
[grpc]
  address = "${containerdSocket(cell)}"
[plugins."io.containerd.cri.v1.images"]
  snapshotter = "overlayfs"
  [plugins."io.containerd.cri.v1.images".pinned_images]
    sandbox = "docker.io/${PAUSE_IMAGE}"
[plugins."io.containerd.cri.v1.runtime"]
  # Where this machine does not let us lower a process' out-of-memory score, pods start all the same.
  restrict_oom_score_adj = true
  # A pod's network namespace is mounted among the node's own files.
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.cri.v1.runtime".containerd.runtimes.runc.options]
      SystemdCgroup = false
  [plugins."io.containerd.cri.v1.runtime".cni]
    bin_dirs = ["${NETWORK_PLUGINS}"]
    conf_dir = "${network}"
`;
}

export function kubeletCommand(cell: NodeCell, options: NodeOptions): string[] {
  const { certificates, programs, featureGates } = options;
  const configuration = join(cell.directory, 'kubelet.json');
  writeConfiguration(configuration, {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: cell.address,
    healthzBindAddress: cell.address,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: certificates.file('ca.crt') },
    },
    authorization: { mode: 'Webhook' },
    tlsCertFile: certificates.file(`${cell.name}-server.crt`),
    tlsPrivateKeyFile: certificates.file(`${cell.name}-server.key`),
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cell.group,
    failCgroupV1: false,
    failSwapOn: false,
    containerRuntimeEndpoint: `unix://${containerdSocket(cell)}`,
    resolvConf: '',
    clusterDNS: [CONTROL_PLANE_ADDRESS],
    clusterDomain: CLUSTER_DOMAIN,
    // The network plug-in has no bridge to set it on.
    hairpinMode: 'none',
    // The disk is the developer's: how full it is, is not the cluster's business.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      'memory.available': '100Mi',
      'nodefs.available': '0%',
      'nodefs.inodesFree': '0%',
      'imagefs.available': '0%',
    },
    maxPods: 250,
    registryPullQPS: 0,
    serializeImagePulls: false,
    nodeStatusUpdateFrequency: '5s',
    volumePluginDir: join(cell.directory, 'volume-plugins'),
    featureGates,
  });
  return [
    programs.component('kubelet'),
    `--config=${configuration}`,
    `--kubeconfig=${kubeconfigOf(options, cell.name)}`,
    `--cert-dir=${join(cell.directory, 'certificates')}`,
    `--hostname-override=${cell.name}`,
    `--node-ip=${cell.address}`,
  ];
}

export function proxyCommand(cell: NodeCell, options: NodeOptions): string[] {
  const configuration = join(cell.directory, 'proxy.json');
  writeConfiguration(configuration, {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    mode: 'nftables',
    clientConnection: { kubeconfig: kubeconfigOf(options, 'proxy') },
    clusterCIDR: POD_NETWORK,
    hostnameOverride: cell.name,
    bindAddress: cell.address,
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    // The table of connections is the whole machine's.
    conntrack: { maxPerCore: 0, min: 0 },
  });
  return [options.programs.component('kube-proxy'), `--config=${configuration}`];
}

/** CoreDNS on the first node, on the node's own address. */
export function nameServerCommand(options: NodeOptions): string[] {
  const configuration = join(options.home, 'configuration', 'Corefile');
  mkdirSync(dirname(configuration), { recursive: true });
  writeFileSync(
    configuration,
    `.:53 {
  bind ${CONTROL_PLANE_ADDRESS}
  ready 127.0.0.1:8181
  errors
  kubernetes ${CLUSTER_DOMAIN} in-addr.arpa {
    kubeconfig ${kubeconfigOf(options, 'coredns')}
    pods insecure
    ttl 5
  }
  cache 5
}
`,
  );
  return [options.programs.coredns, '-conf', configuration];
}
