import { createServer } from "node:net";

/** Whether a port could be listened on now. */
export type PortLook =
  | { readonly kind: "free" }
  | { readonly kind: "taken" }
  /** No right to it, or no address of this machine. */
  | { readonly kind: "refused"; readonly code: string };

/** Listens for a moment, and takes nobody in. Never rejects. */
export function lookAtPort(host: string, port: number): Promise<PortLook> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", (cause) => {
      const code = "code" in cause && typeof cause.code === "string" ? cause.code : cause.message;
      resolve(code === "EADDRINUSE" ? { kind: "taken" } : { kind: "refused", code });
    });
    server.listen(port, host.replace(/^\[|\]$/g, ""), () => server.close(() => resolve({ kind: "free" })));
  });
}
