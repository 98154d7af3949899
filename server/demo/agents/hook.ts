/** Somebody outside to whom a receiver of the demo tells things: a web server on this machine that can be put to sleep. */
import { createServer } from "node:http";
import { OpsError } from "#server/kernel/errors.ts";

export interface DemoHook {
  readonly url: string;
  /** Takes calls and answers none of them for so long. */
  sleep(ms: number): void;
  /** Calls that were answered. */
  answered(): number;
  close(): Promise<void>;
}

/** @throws OpsError `refused` when this machine gives no port */
export async function openDemoHook(): Promise<DemoHook> {
  let answered = 0;
  let wakesAt = 0;
  const server = createServer((request, response) => {
    request.resume();
    request.on("end", () => {
      const waitMs = Math.max(0, wakesAt - performance.now());
      const timer = setTimeout(() => {
        answered += 1;
        response.writeHead(204).end();
      }, waitMs);
      response.on("close", () => clearTimeout(timer));
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) => reject(new OpsError("refused", "The demo has no port for its hook", { cause })));
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/`,
    sleep(ms) {
      wakesAt = performance.now() + ms;
    },
    answered: () => answered,
    async close() {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
