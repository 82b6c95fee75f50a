/** What every cluster has besides its components: the name server's rights, and volumes. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { COMPONENT_USERS } from './control-plane.ts';

const VOLUMES = 64;
const STORAGE_CLASS = 'standard';

function volumeFolder(home: string, index: number): string {
  return join(home, 'volumes', `volume-${index}`);
}

/** Every user may write: the volumes of a test are not a secret, and the kernel's host path knows no owner. */
export function makeVolumeFolders(home: string): void {
  for (let index = 0; index < VOLUMES; index += 1) {
    mkdirSync(volumeFolder(home, index), { recursive: true });
    chmodSync(volumeFolder(home, index), 0o777);
  }
}

/**
 * Objects for `kubectl apply`. The nodes are on one machine and share its disk, so a volume can be read and written
 * from all of them; a fixed number of them is there, each used once.
 */
export function baseObjects(home: string): unknown {
  const group = 'rbac.authorization.k8s.io';
  const name = 'wsi-native:coredns';
  const listed = (apiGroup: string, resources: readonly string[]): unknown => ({
    apiGroups: [apiGroup],
    resources,
    verbs: ['list', 'watch'],
  });
  return {
    apiVersion: 'v1',
    kind: 'List',
    items: [
      {
        apiVersion: `${group}/v1`,
        kind: 'ClusterRole',
        metadata: { name },
        rules: [
          listed('', ['endpoints', 'services', 'pods', 'namespaces']),
          listed('discovery.k8s.io', ['endpointslices']),
        ],
      },
      {
        apiVersion: `${group}/v1`,
        kind: 'ClusterRoleBinding',
        metadata: { name },
        roleRef: { apiGroup: group, kind: 'ClusterRole', name },
        subjects: [{ kind: 'User', name: COMPONENT_USERS.coredns, apiGroup: group }],
      },
      {
        apiVersion: 'storage.k8s.io/v1',
        kind: 'StorageClass',
        metadata: {
          name: STORAGE_CLASS,
          annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' },
        },
        provisioner: 'kubernetes.io/no-provisioner',
      },
      ...Array.from({ length: VOLUMES }, (_, index) => ({
        apiVersion: 'v1',
        kind: 'PersistentVolume',
        metadata: { name: `volume-${index}` },
        spec: {
          capacity: { storage: '10Gi' },
          accessModes: ['ReadWriteOnce', 'ReadWriteMany', 'ReadOnlyMany'],
          persistentVolumeReclaimPolicy: 'Retain',
          storageClassName: STORAGE_CLASS,
          hostPath: { path: volumeFolder(home, index), type: 'Directory' },
        },
      })),
    ],
  };
}
