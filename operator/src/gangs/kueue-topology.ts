/**
 * Where Kueue's topology-aware scheduling puts pods: the annotations of a template (Kueue's own names) become the request of
 * its pod set, as Kueue does it for the kinds that it knows, and pods with an assignment are created behind the gate that
 * Kueue opens when it has assigned them their nodes.
 * https://kueue.sigs.k8s.io/docs/concepts/topology_aware_scheduling/
 */
import { LABELS, type Role } from '../job/names.ts';
import type { V1Pod } from '../kubernetes-types.ts';

const PREFIX = 'kueue.x-k8s.io/podset-';
const REQUIRED = `${PREFIX}required-topology`;
const PREFERRED = `${PREFIX}preferred-topology`;
const UNCONSTRAINED = `${PREFIX}unconstrained-topology`;
const SLICE_TOPOLOGY = `${PREFIX}slice-required-topology`;
const SLICE_SIZE = `${PREFIX}slice-size`;
const SLICE_LAYERS = `${PREFIX}slice-required-topology-constraints`;
const GROUP = `${PREFIX}group-name`;
const PLACES = [REQUIRED, PREFERRED, UNCONSTRAINED];
const ALL = [...PLACES, SLICE_TOPOLOGY, SLICE_SIZE, SLICE_LAYERS, GROUP];

const GATE = 'kueue.x-k8s.io/topology';
const INDEX_OFFSET = 'kueue.x-k8s.io/pod-index-offset';

/** A label's key: the level of a topology is one of nodes. */
const LEVEL = /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?$/;
const LONGEST_LEVEL = 63;

type Annotations = Readonly<Record<string, string>>;

export interface TopologyRequest {
  readonly required?: string;
  readonly preferred?: string;
  readonly unconstrained?: boolean;
  readonly podIndexLabel: string;
  readonly podSetGroupName?: string;
  readonly podSetSliceRequiredTopology?: string;
  readonly podSetSliceSize?: number;
}

export function asksForTopology(annotations: Annotations | undefined): boolean {
  return ALL.some((name) => annotations?.[name] !== undefined);
}

/** All pods of the set are to be in one domain, those that join it later too. */
export function asksForOneDomain(annotations: Annotations | undefined): boolean {
  return annotations?.[REQUIRED] !== undefined;
}

/** Undefined: the template says nothing of it. Only for annotations without a {@link topologyProblem}. */
export function topologyRequest(annotations: Annotations = {}): TopologyRequest | undefined {
  if (!asksForTopology(annotations)) return undefined;
  const required = annotations[REQUIRED];
  const preferred = annotations[PREFERRED];
  const unconstrained = annotations[UNCONSTRAINED];
  const group = annotations[GROUP];
  const slice = annotations[SLICE_TOPOLOGY];
  return {
    ...(required === undefined ? {} : { required }),
    ...(preferred === undefined ? {} : { preferred }),
    ...(unconstrained === undefined ? {} : { unconstrained: unconstrained === 'true' }),
    podIndexLabel: LABELS.replica,
    ...(group === undefined ? {} : { podSetGroupName: group }),
    ...(slice === undefined
      ? {}
      : { podSetSliceRequiredTopology: slice, podSetSliceSize: Number(annotations[SLICE_SIZE]) }),
  };
}

/** What Kueue would refuse, or silently leave out, of a role's annotations. */
export function topologyProblem(
  annotations: Annotations | undefined,
  role: Role,
  count: number,
): string | undefined {
  if (annotations === undefined || !asksForTopology(annotations)) return undefined;
  const problem = placeProblem(annotations) ?? sliceProblem(annotations, count);
  return problem === undefined ? undefined : `the annotations of the ${role}'s template: ${problem}`;
}

function placeProblem(annotations: Annotations): string | undefined {
  const places = PLACES.filter((name) => annotations[name] !== undefined);
  if (places.length > 1) return `only one of ${places.join(' and ')} can be asked for`;
  const wrong = [REQUIRED, PREFERRED, SLICE_TOPOLOGY].find((name) => !isLevel(annotations[name]));
  if (wrong !== undefined) {
    return `${wrong} must be a label of nodes of at most ${LONGEST_LEVEL} characters, not '${annotations[wrong] ?? ''}'`;
  }
  const unconstrained = annotations[UNCONSTRAINED];
  if (unconstrained !== undefined && unconstrained !== 'true' && unconstrained !== 'false') {
    return `${UNCONSTRAINED} must be true or false, not '${unconstrained}'`;
  }
  const hasPlace = annotations[REQUIRED] !== undefined || annotations[PREFERRED] !== undefined;
  return annotations[GROUP] === undefined || hasPlace
    ? undefined
    : `${GROUP} needs ${REQUIRED} or ${PREFERRED}`;
}

function sliceProblem(annotations: Annotations, count: number): string | undefined {
  if (annotations[SLICE_LAYERS] !== undefined) return `${SLICE_LAYERS} is not supported`;
  const size = annotations[SLICE_SIZE];
  if ((annotations[SLICE_TOPOLOGY] === undefined) !== (size === undefined)) {
    return `${SLICE_TOPOLOGY} and ${SLICE_SIZE} need each other`;
  }
  if (size === undefined) return undefined;
  const isSize = /^[1-9]\d{0,5}$/.test(size) && Number(size) <= count;
  return isSize ? undefined : `${SLICE_SIZE} must be from 1 to the number of pods, ${count}, not '${size}'`;
}

function isLevel(value: string | undefined): boolean {
  return value === undefined || (value.length <= LONGEST_LEVEL && LEVEL.test(value));
}

/**
 * The pod behind Kueue's gate. Kueue finds it by its annotations; one that asks for nothing is put anywhere in the queue's
 * topology. @param first the number of the first pod of its set
 */
export function gated(pod: V1Pod, first: number): V1Pod {
  const given = pod.metadata?.annotations ?? {};
  const annotations = {
    ...(PLACES.some((name) => given[name] !== undefined) ? {} : { [UNCONSTRAINED]: 'true' }),
    ...given,
    ...(first === 0 ? {} : { [INDEX_OFFSET]: String(first) }),
  };
  const gates = (pod.spec?.schedulingGates ?? []).filter(({ name }) => name !== GATE);
  return {
    ...pod,
    metadata: { ...pod.metadata, annotations },
    spec: { containers: [], ...pod.spec, schedulingGates: [...gates, { name: GATE }] },
  };
}
