/** A small HTTP server of GET requests with texts as answers. */
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WsiError } from '@wsi-operator/foundation';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface HttpEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

export interface Protection {
  /** Makes the server, which does not listen yet. */
  readonly createServer: (listener: RequestListener) => Server;
  /** What a request for a path that there is gets instead; undefined: nothing, it is served. */
  readonly admit: (request: IncomingMessage) => Promise<Answer | undefined>;
}

/**
 * @param port 0: any free one
 * @param routes what answers a path
 * @param protection absent: plain HTTP for everybody
 * @throws WsiError `Unavailable` when the port is taken
 */
export async function serve(
  port: number,
  routes: Readonly<Record<string, () => Answer | Promise<Answer>>>,
  protection?: Protection,
): Promise<HttpEndpoint> {
  const listener: RequestListener = (request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const answer = async (): Promise<Answer> => {
      if (!isRead) return { status: 405, body: 'only GET\n' };
      if (route === undefined) return { status: 404, body: 'not found\n' };
      return (await protection?.admit(request)) ?? route();
    };
    answer()
      .catch((error: unknown): Answer => ({ status: 500, body: `${WsiError.from(error).message}\n` }))
      .then(({ status, body, contentType = 'text/plain; charset=utf-8', headers }) => {
        response.writeHead(status, {
          ...headers,
          'content-type': contentType,
          'content-length': Buffer.byteLength(body),
        });
        response.end(request.method === 'HEAD' ? undefined : body);
      })
      // The reader is gone.
      .catch(() => undefined);
  };
  const server = protection?.createServer(listener) ?? createServer(listener);
  await listening(server, port);
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function listening(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) => {
      reject(
        new WsiError('Unavailable', `cannot listen: ${error.message}`, {
          where: `port ${port}`,
          remedy: 'Choose another port.',
          cause: error,
        }),
      );
    });
    server.listen(port, () => resolve());
  });
}
