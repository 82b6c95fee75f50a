/** Who may call what: a service's handlers, guarded by the role that the caller's certificate names. */
import grpc from '@grpc/grpc-js';
import { peerRoles, type PeerRole } from './tls.ts';

/** Roles that may call a method, by the method's name; a method that is not there may be called by nobody. */
export type MethodCallers = Readonly<Record<string, readonly PeerRole[]>>;

type Handler = (call: GuardedCall, callback?: grpc.sendUnaryData<unknown>) => void;
type GuardedCall = Pick<grpc.ServerUnaryCall<unknown, unknown>, 'getAuthContext' | 'getPeer' | 'emit'>;

/**
 * The same handlers, which answer PERMISSION_DENIED to other roles. For listeners with TLS only: without it there is
 * no certificate, and every call would be refused.
 */
export function guarded(
  implementation: grpc.UntypedServiceImplementation,
  callers: MethodCallers,
  onRefused: (refused: { method: string; peer: string; subject: string }) => void,
): grpc.UntypedServiceImplementation {
  const entries = Object.entries(implementation).map(([method, handler]) => {
    const allowed = callers[method] ?? [];
    const guard: Handler = (call, callback) => {
      const role = roleOf(call);
      if (role !== undefined && allowed.some((of) => of === role)) {
        (handler as Handler)(call, callback);
        return;
      }
      const subject = role ?? 'none';
      onRefused({ method, peer: call.getPeer(), subject });
      const status = {
        code: grpc.status.PERMISSION_DENIED,
        details: `${method} is for ${allowed.join(' and ') || 'nobody'}, not for a certificate of '${subject}'`,
      };
      if (callback === undefined) call.emit('error', Object.assign(new Error(status.details), status));
      else callback(status);
    };
    return [method, guard] as const;
  });
  return Object.fromEntries(entries);
}

/** The role of the caller's certificate, or undefined when there is none that TLS has verified. */
export function roleOf(call: Pick<GuardedCall, 'getAuthContext'>): PeerRole | undefined {
  const subject = call.getAuthContext().sslPeerCertificate?.subject.CN;
  return peerRoles.find((role) => role === subject);
}
