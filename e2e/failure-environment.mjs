/** Node as jest has it, but a test that fails leaves evidence behind before its clean-up begins. */
import { readFileSync } from 'node:fs';
import { TestEnvironment } from 'jest-environment-node';
import { gatherEvidence, LOGS_VARIABLE } from './src/run/evidence.ts';

export default class FailureEnvironment extends TestEnvironment {
  async handleTestEvent(event) {
    if (event.name !== 'test_fn_failure' && event.name !== 'hook_failure') return;
    const { WSI_E2E_SESSION: session, [LOGS_VARIABLE]: logs } = process.env;
    if (session === undefined || logs === undefined) return;
    const source = JSON.parse(readFileSync(session, 'utf8'));
    const folder = await gatherEvidence(source, logs, event.test?.name ?? `hook-${event.hook?.type}`);
    process.stderr.write(`evidence of the failure is in ${folder}\n`);
  }
}
