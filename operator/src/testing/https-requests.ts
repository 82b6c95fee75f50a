/** For tests: what a client of an HTTPS server on this machine sees. */
import { request, type RequestOptions } from 'node:https';
import { connect, type ConnectionOptions, type TLSSocket } from 'node:tls';

export interface Reply {
  readonly status: number;
  readonly text: string;
  readonly headers: Readonly<Record<string, unknown>>;
}

export interface Asking {
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** `/metrics` by default; the server's certificate is not checked by default. */
export function get(port: number, options: Omit<RequestOptions, 'headers'> & Asking = {}): Promise<Reply> {
  const { token, path = '/metrics', headers, ...rest } = options;
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const asked = request(
      {
        port,
        path,
        rejectUnauthorized: false,
        agent: false,
        ...rest,
        headers: { ...headers, ...authorization },
      },
      (response) => {
        let text = '';
        response.on('data', (chunk) => (text += String(chunk)));
        response.on('end', () => {
          resolve({ status: response.statusCode ?? 0, text, headers: response.headers });
        });
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

/** An open connection, on which nothing has been asked. */
export function handshake(port: number, options: ConnectionOptions = {}): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options }, () =>
      resolve(socket),
    );
    socket.on('error', reject);
  });
}
