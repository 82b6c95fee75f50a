/**
 * What a pod template may not say because the operator's own parts would clash with it: refused by name, where it would
 * otherwise be dropped or overruled without a word. (What the operator does not list in a pod, the schema refuses.)
 */
import type { Rule } from '../schema/node.ts';
import {
  OUTPUT_MOUNT,
  OUTPUT_VOLUME,
  OWN_LABELS,
  OWN_MOUNTS,
  OWN_VARIABLES,
  OWN_VOLUMES,
  RPC_PORT,
  STORE_VARIABLES,
  TERMINATION_LOG,
  TRAINER_CONTAINER,
} from './pod-parts.ts';

const PATHS = [...Object.values(OWN_MOUNTS), TERMINATION_LOG];
const VOLUMES = Object.values(OWN_VOLUMES);
const LABELS = Object.values(OWN_LABELS);
const STORE = [...STORE_VARIABLES.keys, STORE_VARIABLES.token];

const words = (all: readonly string[]): string => `[${all.map((word) => `'${word}'`).join(', ')}]`;

export const podLabelsRules: readonly Rule[] = [
  {
    cel: `!has(self.labels) || self.labels.all(key, !(key in ${words(LABELS)}))`,
    message: `labels must not have those that the operator gives to all that it makes: ${LABELS.join(', ')}`,
    field: 'labels',
    remedy: 'Write app.kubernetes.io/part-of, or a label of your own.',
  },
  {
    cel: "!has(self.labels) || self.labels.all(key, !key.startsWith('wsi.dev/'))",
    message: 'labels that begin with wsi.dev/ are set by the operator, which finds its pods by them',
    field: 'labels',
  },
];

export const variablesRules: readonly Rule[] = [
  {
    cel: `self.all(one, !(one.name in ${words(OWN_VARIABLES)}))`,
    message: `env must not have variables that the operator sets: ${OWN_VARIABLES.join(', ')}`,
    field: '',
  },
];

export const mountsRules: readonly Rule[] = [
  {
    cel: `self.all(one, !(one.mountPath in ${words(PATHS.flatMap((path) => [path, `${path}/`]))}))`,
    message: `volumeMounts must not be at ${PATHS.join(', ')}: the operator mounts its own there`,
    field: '',
  },
  {
    cel: `self.all(one, one.name == '${OUTPUT_VOLUME}' || !(one.mountPath in ['${OUTPUT_MOUNT}', '${OUTPUT_MOUNT}/']))`,
    message: `volumeMounts at ${OUTPUT_MOUNT} must be of the volume named ${OUTPUT_VOLUME}`,
    field: '',
    remedy: 'Name the volume output, or set storage.output.claimName.',
  },
  {
    cel: `self.all(one, !(one.name in ${words(VOLUMES)}))`,
    message: `volumeMounts must not be of the operator's own volumes: ${VOLUMES.join(', ')}`,
    field: '',
  },
];

export const volumesRules: readonly Rule[] = [
  {
    cel: `self.all(one, !(one.name in ${words(VOLUMES)}))`,
    message: `volumes must not have a name of the operator's own: ${VOLUMES.join(', ')}`,
    field: '',
    remedy: 'Give the volume another name.',
  },
];

export const containersRules: readonly Rule[] = [
  {
    cel: `self.exists(container, container.name == '${TRAINER_CONTAINER}')`,
    message: "containers must include the one named 'trainer', which runs the role",
    field: '',
  },
  {
    cel: `self.all(container, container.name != '${TRAINER_CONTAINER}' || !has(container.restartPolicy))`,
    message: "the container named 'trainer' must not have a restartPolicy: the operator starts a role again",
    field: '',
  },
];

const otherPort = (one: string): string =>
  `!has(${one}.ports) || ${one}.ports.all(port, port.containerPort != ${RPC_PORT})`;
const PORT_MESSAGE = `ports must not have containerPort ${RPC_PORT}, on which the roles listen: containers of a pod share its ports`;

/** Beside the role. */
export const portsRules: readonly Rule[] = [
  {
    cel: `self.all(one, one.name == '${TRAINER_CONTAINER}' || ${otherPort('one')})`,
    message: PORT_MESSAGE,
    field: '',
  },
];

/** The keys of the store come from a Secret: variables of the template would be overruled without a word. */
export const storeVariablesRules: readonly Rule[] = (['coordinator', 'workers'] as const).map((role) => {
  const spec = `self.${role}.template.spec`;
  const own = `one.name == '${TRAINER_CONTAINER}' && has(one.env) && one.env.exists(variable, variable.name in ${words(STORE)})`;
  return {
    cel: `!has(self.cohort.s3) || !has(self.cohort.s3.secretName) || !has(${spec}) || !has(${spec}.containers) || !${spec}.containers.exists(one, ${own})`,
    message: `env must not have ${STORE.join(', ')} beside cohort.s3.secretName, which sets them`,
    field: `${role}.template.spec.containers`,
    remedy: 'Leave one of the two out.',
  };
});

export const initContainersRules: readonly Rule[] = [
  {
    cel: `self.all(one, ${otherPort('one')})`,
    message: PORT_MESSAGE,
    field: '',
  },
  {
    cel: `self.all(one, one.name != '${TRAINER_CONTAINER}')`,
    message: "initContainers must not have one named 'trainer', which is the container of the role",
    field: '',
  },
];

/** The operator's own are there where the job has them. */
const known = words([...VOLUMES, OUTPUT_VOLUME]);

const mountsAreKnown = (list: 'containers' | 'initContainers'): Rule => ({
  cel: `!has(self.${list}) || self.${list}.all(one, !has(one.volumeMounts) || one.volumeMounts.all(mount, mount.name in ${known} || (has(self.volumes) && self.volumes.exists(volume, volume.name == mount.name))))`,
  message: `volumeMounts of ${list} must be of volumes that the template defines`,
  field: list,
  remedy: 'Add the volume to volumes, or correct its name.',
});

export const podSpecRules: readonly Rule[] = [
  mountsAreKnown('containers'),
  mountsAreKnown('initContainers'),
  {
    cel: '!has(self.containers) || !has(self.initContainers) || self.initContainers.all(one, !self.containers.exists(other, other.name == one.name))',
    message: 'initContainers and containers must have different names',
    field: 'initContainers',
  },
];
