import type { IncomingMessage, Server } from "node:http";
import type { Duplex } from "node:stream";
import type { Logger } from "#server/kernel/logger.ts";

/** Upgrades, tunnels and what is no HTTP are refused on the socket; no client can keep one open by them. */
export function refuseOtherProtocols(server: Server, options: { readonly dev: boolean; readonly log: Logger }): void {
  const { dev, log } = options;
  const refuse = (socket: Duplex, status: string) => {
    socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
  };
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    socket.on("error", () => socket.destroy());
    if (dev && request.url?.startsWith("/_next/") === true && isOwnSocket(request)) return;
    log.warn("http.upgrade_refused", { path: request.url?.slice(0, 300) });
    refuse(socket, "400 Bad Request");
  });
  server.on("connect", (_request: IncomingMessage, socket: Duplex) => refuse(socket, "405 Method Not Allowed"));
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === "ECONNRESET") return void socket.destroy();
    refuse(socket, error.code === "HPE_HEADER_OVERFLOW" ? "431 Request Header Fields Too Large" : "400 Bad Request");
  });
}

/** Of the development server: only pages of this very address may open its socket. */
const isOwnSocket = ({ headers }: IncomingMessage): boolean => headers.origin === `http://${headers.host}`;
