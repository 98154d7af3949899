import { isIP } from "node:net";
import { type ConnectionOptions, connect } from "node:tls";
import { messageOf } from "#server/kernel/errors.ts";
import { tlsFault } from "#server/kernel/tls.ts";

/** What one handshake showed. */
export type TlsLook =
  | { readonly kind: "trusted"; readonly protocol: string; readonly cipher: string }
  | { readonly kind: "refused"; readonly why: string };

const LOOK_TIMEOUT_MS = 3_000;

/** Shakes hands with a server as a driver would, says nothing, and closes. Never rejects; within 3 s. */
export function lookAtTls(host: string, port: number, options: ConnectionOptions): Promise<TlsLook> {
  return new Promise((resolve) => {
    const name = options.servername ?? (isIP(host) === 0 ? host : null);
    const socket = connect({ ...options, host, port, ...(name === null ? {} : { servername: name }) });
    const end = (look: TlsLook): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(look);
    };
    const timer = setTimeout(() => end({ kind: "refused", why: "it does not answer" }), LOOK_TIMEOUT_MS);
    socket.once("secureConnect", () =>
      end({ kind: "trusted", protocol: socket.getProtocol() ?? "TLS", cipher: socket.getCipher().standardName }),
    );
    socket.on("error", (cause) => end({ kind: "refused", why: tlsFault(cause) ?? messageOf(cause) }));
  });
}
