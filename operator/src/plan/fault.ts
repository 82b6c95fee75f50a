/** Faults of the operator's own, as they are reported in the status of the job that brings them out. */
import { WsiError } from '@wsi-operator/foundation';
import type { Observed } from './observed.ts';

/** Such as `TypeError`. Never its message: that may quote what a tenant, or a patient's table, has put in. */
function faultKind(thrown: unknown): string {
  if (thrown instanceof WsiError) return thrown.code;
  return thrown instanceof Error && /^[A-Za-z]{1,40}$/.test(thrown.name) ? thrown.name : 'Error';
}

/** What is known of a job that such a fault keeps from being observed, or planned for. */
export function faultObserved(thrown: unknown): Observed {
  return { pods: [], objects: [], gangs: [], fault: faultKind(thrown) };
}
