import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import next from "next";

/** Next's own request handler, as one more door of our server. */
export interface Pages {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

/**
 * Loads the built pages (or the development server). Next would answer web socket upgrades of the server that it is
 * asked by; it gets one that never listens instead, unless in development, where its own pages need them.
 *
 * @throws when there is no build in the folder
 */
export async function openPages(options: {
  readonly dev: boolean;
  readonly folder: string;
  readonly host: string;
  readonly port: number;
  readonly server: Server;
}): Promise<Pages> {
  const { dev, folder, host, port, server } = options;
  const app = next({
    dev,
    dir: folder,
    hostname: host,
    port,
    quiet: true,
    turbopack: true,
    httpServer: dev ? server : createServer(),
  });
  await app.prepare();
  const handle = app.getRequestHandler();
  return { handle: (request, response) => handle(request, response), close: () => app.close() };
}
