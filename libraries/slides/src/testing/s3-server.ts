/**
 * An S3 store for tests: moto's, behind a server of our own that counts requests and bytes and can answer with faults.
 * Skip tests where {@link storePython} is null.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createInterface } from 'node:readline';
import { CreateBucketCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { readSetup } from '@wsi-operator/setup/locations';

/** Python with moto, or null. */
export const storePython = readSetup().pythonReference;

export const storeCredentials = { AWS_ACCESS_KEY_ID: 'tester', AWS_SECRET_ACCESS_KEY: 'tester-key' } as const;

/** Answers in the store's place, or undefined to let the request through. */
export type Fault = (request: IncomingMessage, response: ServerResponse) => true | undefined;

export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly range: string | undefined;
}

export class TestStore {
  readonly endpoint: string;
  readonly client: S3Client;
  readonly requests: SeenRequest[] = [];
  /** Bytes of answers' bodies. */
  bytes = 0;
  fault: Fault | undefined;
  /** Changes what is asked of moto. */
  rewrite = (url: string): string => url;
  readonly #stop: () => Promise<void>;

  static async start(): Promise<TestStore> {
    if (storePython === null) throw new Error('run node tools/setup/setup.mjs --python-reference');
    const script = new URL('./s3-server.py', import.meta.url).pathname;
    // It ends with its standard input, however this process ends.
    const python = spawn(storePython, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [port] = (await once(createInterface(python.stdout), 'line')) as [string];
    const store: { current?: TestStore } = {};
    const front = createServer((asked, answer) => store.current?.forward(asked, answer, Number(port)));
    front.listen(0, '127.0.0.1');
    await once(front, 'listening');
    store.current = new TestStore(front, async () => {
      front.closeAllConnections();
      await new Promise((resolve) => front.close(resolve));
      python.stdin.end();
      if (python.exitCode === null) await once(python, 'exit');
    });
    return store.current;
  }

  private constructor(front: Server, stop: () => Promise<void>) {
    this.endpoint = `http://127.0.0.1:${(front.address() as AddressInfo).port}`;
    this.#stop = stop;
    this.client = new S3Client({
      region: 'us-east-1',
      endpoint: this.endpoint,
      forcePathStyle: true,
      credentials: {
        accessKeyId: storeCredentials.AWS_ACCESS_KEY_ID,
        secretAccessKey: storeCredentials.AWS_SECRET_ACCESS_KEY,
      },
    });
  }

  async createBucket(bucket: string): Promise<void> {
    await this.client.send(new CreateBucketCommand({ Bucket: bucket }));
  }

  async put(bucket: string, key: string, body: Uint8Array | string): Promise<void> {
    await this.client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from(body) }));
  }

  resetCounts(): void {
    this.requests.length = 0;
    this.bytes = 0;
  }

  async close(): Promise<void> {
    this.client.destroy();
    await this.#stop();
  }

  /** Passes a request on to moto. */
  forward(asked: IncomingMessage, answer: ServerResponse, port: number): void {
    const { method = '', url = '', headers } = asked;
    this.requests.push({ method, url, range: headers.range });
    if (this.fault?.(asked, answer) === true) {
      asked.resume();
      return;
    }
    const onward = request({ host: '127.0.0.1', port, method, path: this.rewrite(url), headers }, (reply) => {
      answer.writeHead(reply.statusCode ?? 502, reply.headers);
      reply.on('data', (chunk: Buffer) => (this.bytes += chunk.length));
      reply.pipe(answer);
    });
    onward.on('error', () => answer.destroy());
    asked.pipe(onward);
  }
}

/** An S3 error answer. */
export function answerError(
  answer: ServerResponse,
  status: number,
  code: string,
  headers: Record<string, string> = {},
): true {
  answer.writeHead(status, { 'content-type': 'application/xml', ...headers });
  answer.end(`<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`);
  return true;
}
