/** A small HTTP server of GET requests with texts as answers. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WsiError } from '@wsi/foundation';

export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly contentType?: string;
}

export interface HttpEndpoint {
  readonly port: number;
  close(): Promise<void>;
}

/**
 * @param port 0: any free one
 * @param routes what answers a path
 * @throws WsiError `Unavailable` when the port is taken
 */
export async function serve(
  port: number,
  routes: Readonly<Record<string, () => Answer | Promise<Answer>>>,
): Promise<HttpEndpoint> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const route = Object.hasOwn(routes, path) ? routes[path] : undefined;
    const isRead = request.method === 'GET' || request.method === 'HEAD';
    const answer = async (): Promise<Answer> => {
      if (!isRead) return { status: 405, body: 'only GET\n' };
      return route === undefined ? { status: 404, body: 'not found\n' } : route();
    };
    answer()
      .catch((error: unknown): Answer => ({ status: 500, body: `${WsiError.from(error).message}\n` }))
      .then(({ status, body, contentType = 'text/plain; charset=utf-8' }) => {
        response.writeHead(status, {
          'content-type': contentType,
          'content-length': Buffer.byteLength(body),
        });
        response.end(request.method === 'HEAD' ? undefined : body);
      })
      // The reader is gone.
      .catch(() => undefined);
  });
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
