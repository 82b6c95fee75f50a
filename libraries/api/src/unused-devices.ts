/**
 * Devices that a job's pods ask for and that nothing of it computes on (pure). Not refused: the job runs, and a template
 * with a command of its own may have a use for them. To add up quantities in a rule would cost the API server too much.
 */
import type { WsiTrainingJob } from './definition/job.ts';
import { parseQuantity } from './quantities.ts';
import type { Problem } from './schema/problem.ts';
import { ROLE_FIELDS, ROLES, TRAINER_CONTAINER, type Role } from './vocabulary.ts';

/** Whole GPUs, shared ones, and slices, each profile by its own name. */
const USABLE = /^nvidia\.com\/(gpu(\.shared)?|mig-.+)$/;
/** Of vendors for whose devices TensorFlow has another build, which the images do not have. */
const UNUSABLE = /^(amd\.com\/gpu|gpu\.intel\.com\/.+|habana\.ai\/gaudi|google\.com\/tpu)$/;

export function unusedDevices({ spec }: Pick<WsiTrainingJob, 'spec'>): Problem[] {
  return ROLES.flatMap((role) => {
    const field = ROLE_FIELDS[role];
    const containers = spec[field].template.spec?.containers ?? [];
    const place = containers.findIndex(({ name }) => name === TRAINER_CONTAINER);
    const { limits = {}, requests = {} } = containers[place]?.resources ?? {};
    const asked = devices({ ...requests, ...limits });
    const path = `spec.${field}.template.spec.containers[${place}].resources`;
    return problemsOf(role, asked, spec.workers.replicas).map((problem) => ({ path, ...problem }));
  });
}

interface Asked {
  readonly name: string;
  readonly count: number;
}

function devices(amounts: Readonly<Record<string, string | number>>): Asked[] {
  return Object.entries(amounts)
    .filter(([name]) => USABLE.test(name) || UNUSABLE.test(name))
    .map(([name, amount]) => ({ name, count: countOf(amount) }))
    .filter(({ count }) => count > 0)
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** What is no quantity, Kubernetes refuses when it makes the pod. */
function countOf(amount: string | number): number {
  try {
    return parseQuantity(amount);
  } catch {
    return 0;
  }
}

function problemsOf(
  role: Role,
  asked: readonly Asked[],
  workers: number,
): { readonly problem: string; readonly remedy: string }[] {
  if (asked.length === 0) return [];
  if (role !== 'worker') {
    const each = role === 'server' ? 'each parameter server' : 'the coordinator';
    return [
      {
        problem: `${each} asks for ${names(asked)} and computes on none`,
        remedy: 'Only workers compute on devices: leave it out.',
      },
    ];
  }
  const usable = asked.filter(({ name }) => USABLE.test(name));
  const unusable = asked.filter(({ name }) => !USABLE.test(name));
  const count = usable.reduce((sum, one) => sum + one.count, 0);
  return [
    ...(unusable.length === 0
      ? []
      : [
          {
            problem: `each worker asks for ${names(unusable)}, on which TensorFlow does not compute here`,
            remedy: 'Ask for nvidia.com/gpu, or leave it out to compute on processors.',
          },
        ]),
    ...(count <= 1
      ? []
      : [
          {
            problem: `each worker asks for ${count} devices (${names(usable)}) and computes on one: the others are idle`,
            remedy: `Ask for 1 in each worker and for more workers (workers.replicas: ${workers * count}).`,
          },
        ]),
  ];
}

function names(asked: readonly Asked[]): string {
  return asked.map(({ name, count }) => `${name}: ${count}`).join(', ');
}
