/** A console without pages, as a process of its own: says where it and its gateway answer. Arguments: configuration file. */
import { processEnvironment } from "#server/config/environment.ts";
import { loadConfiguration } from "#server/config/load.ts";
import { readTextFile } from "#server/config/read-text.ts";
import { startConsole } from "#server/http/console.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { compose } from "./compose.ts";

let gateway = 0;
const log = {
  ...silentLogger,
  child: () => log,
  info(event: string, fields?: Readonly<Record<string, unknown>>) {
    if (event === "ingest.ready") gateway = Number(fields?.port);
  },
};
const configuration = loadConfiguration({
  ...{ file: process.argv[2] ?? null, cwd: process.cwd(), environment: processEnvironment(), readText: readTextFile },
});
const running = await startConsole({
  ...{ configuration, app: await compose(configuration, log), clock: createSystemClock(), log, dev: false },
  openPages: async () => ({ handle: async () => undefined, close: async () => undefined }),
});
process.stdout.write(`${JSON.stringify({ port: running.port, gateway })}\n`);
