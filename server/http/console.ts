import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { openAuthentication } from "#server/auth/open.ts";
import type { Configuration } from "#server/config/model.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { App } from "./app.ts";
import type { Pages } from "./pages.ts";
import { createHttpServer } from "./server.ts";
import { type Stoppable, stopWithin } from "./stop.ts";

export interface ConsoleDeps {
  readonly configuration: Configuration;
  readonly app: App;
  /** Loads Next; given the server, its port is known by then. */
  readonly openPages: (server: Server, port: number) => Promise<Pages>;
  /** Real time. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly dev: boolean;
}

export interface RunningConsole {
  /** Where it answers, for people. */
  readonly url: string;
  readonly port: number;
  /** Ends streams and requests, then everything else. Resolves within 3 s whatever hangs; `false` = something did. */
  stop(): Promise<boolean>;
}

/**
 * Opens the doors: authentication, the port, then the pages, so that a taken port is said at once; readers start last.
 *
 * @throws OpsError `refused` when the port cannot be had
 */
export async function startConsole(deps: ConsoleDeps): Promise<RunningConsole> {
  const { configuration, app, clock, log, dev } = deps;
  const { listen, auth, journal } = configuration;
  const abort = new AbortController();
  const pages = Promise.withResolvers<Pages>();
  let opened: Pages | null = null;
  const authenticator = await openAuthentication(
    {
      mode: auth.mode,
      folder: journal.path,
      https: listen.publicOrigin?.startsWith("https:") ?? false,
      state: app.state,
      operations: app.operations,
      endStreams: app.live.end,
      clock,
      log,
    },
    abort.signal,
  );
  const door = createHttpServer({ app, authenticator, listen, clock, log, dev, pages: pages.promise });
  const parts: Stoppable = {
    server: door.server,
    activeRequests: door.activeRequests,
    stopApp: () => app.stop(),
    stopRest: async () => {
      abort.abort();
      door.close();
      await opened?.close();
    },
    log,
  };
  try {
    const { port } = await listenOn(door.server, listen.host, listen.port);
    opened = await deps.openPages(door.server, port);
    pages.resolve(opened);
    await app.start();
    const host = listen.host.includes(":") ? `[${listen.host}]` : listen.host;
    return { url: listen.publicOrigin ?? `http://${host}:${port}`, port, stop: () => stopWithin(parts) };
  } catch (cause) {
    pages.promise.catch(() => undefined);
    pages.reject(cause);
    await stopWithin(parts);
    throw cause;
  }
}

function listenOn(server: Server, host: string, port: number): Promise<AddressInfo> {
  return new Promise((resolve, reject) => {
    server.once("error", (cause: NodeJS.ErrnoException) => {
      const taken = cause.code === "EADDRINUSE" ? "another program listens there: stop it or take another --port" : "";
      reject(new OpsError("refused", `Cannot listen on ${host}:${port}: ${taken || cause.message}`, { cause }));
    });
    server.listen(port, host, () => {
      const address = server.address();
      if (address === null || typeof address === "string") reject(new Error("a TCP server without an address"));
      else resolve(address);
    });
  });
}
