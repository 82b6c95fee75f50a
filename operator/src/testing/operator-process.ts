/** The operator as a process of its own, as it is installed, for tests and benchmarks. */
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FakeApiServer } from '@wsi-operator/controller/testing';
import { freePort } from '@wsi-operator/foundation/testing';

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url));

export interface OperatorChoices {
  readonly flags?: readonly string[];
  /** Of Node, e.g. for a smaller heap. */
  readonly nodeFlags?: readonly string[];
  /** Another checkout's `operator/src/main.ts`. */
  readonly main?: string;
}

export interface OperatorProcess {
  readonly child: ChildProcess;
  readonly health: string;
  readonly metrics: string;
  /** The exit code; null: by a signal. */
  readonly ended: Promise<number | null>;
  readonly log: () => string;
  /** Ends it if it still runs, and removes its files. */
  readonly stop: () => Promise<void>;
}

/** @param name of the pod that it would be */
export async function startOperator(
  server: FakeApiServer,
  name: string,
  { flags = [], nodeFlags = [], main = MAIN }: OperatorChoices = {},
): Promise<OperatorProcess> {
  const directory = mkdtempSync(join(tmpdir(), 'wsi-operator-test-'));
  const kubeConfig = join(directory, 'config');
  writeFileSync(kubeConfig, server.kubeConfig);
  const [health, metrics] = [await freePort(), await freePort()];
  const ports = ['--health-port', String(health), '--metrics-port', String(metrics)];
  const image = '--trainer-image=registry.example.org/trainer:1';
  const child = spawn(process.execPath, [...nodeFlags, '--no-warnings', main, ...ports, image, ...flags], {
    env: { ...process.env, KUBECONFIG: kubeConfig, POD_NAME: name, POD_NAMESPACE: 'wsi-system' },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  child.stderr.on('data', (chunk) => (log = `${log}${String(chunk)}`.slice(-LONGEST_LOG)));
  const ended = new Promise<number | null>((resolve) => child.once('exit', (code) => resolve(code)));
  return {
    child,
    ended,
    health: `http://127.0.0.1:${health}`,
    metrics: `http://127.0.0.1:${metrics}/metrics`,
    log: () => log,
    stop: async () => {
      child.kill('SIGKILL');
      await ended;
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

const LONGEST_LOG = 1_000_000;

export async function ask(url: string): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const answer = await fetch(url);
    return { status: answer.status, text: await answer.text() };
  } catch {
    return { status: 0, text: '' };
  }
}
