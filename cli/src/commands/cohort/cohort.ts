/** `wsi cohort`: commands about a cohort's table, before there is a job. */
import type { Command } from 'commander';
import { registerCohortCheck } from './check.ts';
import { registerCohortPseudonymise } from './pseudonymise.ts';

export function registerCohort(program: Command): void {
  const cohort = program
    .command('cohort')
    .summary("check a cohort's table, and take patients' names out of it")
    .description("Commands about a cohort's table, before there is a job.");
  registerCohortCheck(cohort);
  registerCohortPseudonymise(cohort);
}
