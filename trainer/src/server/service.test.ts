import { afterEach, describe, expect, it } from '@jest/globals';
import { createLogger } from '@wsi-operator/foundation';
import {
  callClientStream,
  connectParameterServer,
  listen,
  parameterServerService,
  type ListeningServer,
  type ParameterServerClient,
  type PushChunk,
} from '@wsi-operator/protocol';
import { ParameterServerService } from './service.ts';

let server: ListeningServer | undefined;
let client: ParameterServerClient | undefined;

afterEach(async () => {
  client?.close();
  await server?.close();
});

async function push(chunks: readonly PushChunk[]): Promise<object> {
  const service = new ParameterServerService(createLogger({ job: 'test', role: 'server' }));
  const part = { definition: parameterServerService, implementation: service.implementation(), callers: {} };
  server = await listen('127.0.0.1:0', [part]);
  client = connectParameterServer(server.address);
  const target = { peer: 'server', deadlineMilliseconds: 60_000 };
  return callClientStream(client.Push.bind(client), chunks, target);
}

describe('a push', () => {
  it('without a header is refused with the reason', async () => {
    await expect(push([{ offset: 0, data: new Uint8Array(4) }])).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('starts with its header'),
    });
  });

  it('without a chunk is refused, too', async () => {
    await expect(push([])).rejects.toMatchObject({
      code: 'InvalidArgument',
      message: expect.stringContaining('an empty push'),
    });
  });
});
