/** All rules of isolation: what a job may not ask for. */
import { containerRules } from './container-rules.ts';
import { jobRules } from './job-rules.ts';
import { podRules, volumeRules } from './pod-rules.ts';
import type { IsolationRule } from './rule.ts';

export const ISOLATION_RULES: readonly IsolationRule[] = [
  ...podRules,
  ...containerRules,
  ...volumeRules,
  ...jobRules,
];
