/** The smallest set of pods with which a job makes progress, and what it needs. See gang.ts for the reasons. */
import { parseQuantity } from '@wsi-operator/api';
import type { V1Container, V1PodSpec } from '../kubernetes-types.ts';
import type { ClusterSettings } from '../job/settings.ts';
import type { WsiTrainingJob } from '@wsi-operator/api';
import { replicasOf, ROLES, type Role } from '../job/names.ts';
import { buildPod } from '../objects/pods.ts';

/** How many pods of each role the gang cannot do without. */
export function minimumByRole(job: WsiTrainingJob): Record<Role, number> {
  return { coordinator: 1, server: replicasOf(job, 'server'), worker: 1 };
}

export function minimumCount(job: WsiTrainingJob): number {
  return Object.values(minimumByRole(job)).reduce((sum, count) => sum + count, 0);
}

/** What the scheduler sets aside for the gang's minimum, by resource; none when no container asks for anything. */
export function minimumResources(job: WsiTrainingJob, settings: ClusterSettings): Record<string, string> {
  const total = new Map<string, number>();
  const minimum = minimumByRole(job);
  for (const role of ROLES) {
    const { spec } = buildPod(job, { role, index: 0 }, settings);
    for (const [name, amount] of requestsOf(spec)) add(total, name, amount * minimum[role]);
  }
  return Object.fromEntries([...total].map(([name, amount]) => [name, formatAmount(name, amount)]));
}

/** The priority class that all pods of the gang have, if it is one. */
export function commonPriorityClass(job: WsiTrainingJob, settings: ClusterSettings): string | undefined {
  const names = ROLES.map((role) => buildPod(job, { role, index: 0 }, settings).spec?.priorityClassName);
  return new Set(names).size === 1 ? names[0] : undefined;
}

type Amounts = Map<string, number>;

/**
 * The scheduler's own sum: containers and sidecars (init containers that stay) together, or the largest moment of the
 * initialization, and the overhead of the runtime class.
 */
export function requestsOf(spec: V1PodSpec | undefined): Amounts {
  const total: Amounts = new Map();
  for (const container of spec?.containers ?? []) addAll(total, containerRequests(container));
  const { staying, starting } = initialization(spec?.initContainers ?? []);
  addAll(total, staying);
  raiseTo(total, starting);
  for (const [name, quantity] of Object.entries(spec?.overhead ?? {})) {
    add(total, name, parseQuantity(quantity));
  }
  return total;
}

/** What stays of it as sidecars, and its largest moment: one step at a time, beside the sidecars started before it. */
function initialization(steps: readonly V1Container[]): { staying: Amounts; starting: Amounts } {
  const staying: Amounts = new Map();
  const starting: Amounts = new Map();
  for (const step of steps) {
    const moment: Amounts = new Map(staying);
    addAll(moment, containerRequests(step));
    raiseTo(starting, moment);
    if (step.restartPolicy === 'Always') addAll(staying, containerRequests(step));
  }
  return { staying, starting };
}

/** A limit without a request is a request, too. */
function containerRequests({ resources }: V1Container): Amounts {
  const requests = { ...resources?.limits, ...resources?.requests };
  return new Map(Object.entries(requests).map(([name, quantity]) => [name, parseQuantity(quantity)]));
}

function addAll(total: Amounts, amounts: Amounts): void {
  for (const [name, amount] of amounts) add(total, name, amount);
}

function raiseTo(total: Amounts, amounts: Amounts): void {
  for (const [name, amount] of amounts) total.set(name, Math.max(total.get(name) ?? 0, amount));
}

function add(total: Amounts, name: string, amount: number): void {
  total.set(name, (total.get(name) ?? 0) + amount);
}

/** Thousandths of a core; everything else in whole units, rounded up. */
function formatAmount(name: string, amount: number): string {
  // The sum of fractions such as 0.1 is not exact: a billionth must not round up to the next unit.
  const units = (value: number): string => String(Math.ceil(value - 1e-6));
  return name === 'cpu' ? `${units(amount * 1000)}m` : units(amount);
}
