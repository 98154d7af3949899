import path from "node:path";
import { parseArgs } from "node:util";
import { CONFIG_VARIABLE, logLevelOf, prepareNextEnvironment, processEnvironment } from "#server/config/environment.ts";
import { ConfigurationError } from "#server/config/fault.ts";
import { loadConfiguration } from "#server/config/load.ts";
import { readTextFile } from "#server/config/read-text.ts";
import { type RunningConsole, startConsole } from "#server/http/console.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { createLogOutput } from "#server/log/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { giveBackDataFolder, prepareDataFolder } from "#server/runtime/data-folder.ts";
import { compose } from "./compose.ts";
import { reloadOnHangUp } from "./compose-hang-up.ts";

const ROOT = path.resolve(import.meta.dirname, "..");
/** Whatever hangs, also in the middle of starting: nobody waits longer for the end than 3 s. */
const STOP_DEADLINE_MS = 2_900;
const USAGE = "usage: node server/main.ts [--config FILE] [--port PORT] [--dev]";

const environment = processEnvironment();
const { log, flush } = createLogOutput({ level: logLevelOf(environment), terminal: process.stdout.isTTY === true });

process.on("unhandledRejection", (cause) => die("console.unhandled_rejection", cause));
process.on("uncaughtException", (cause) => die("console.uncaught_exception", cause));
run().catch((cause: unknown) => {
  if (cause instanceof ConfigurationError) fail(cause.message);
  else if (cause instanceof OpsError) fail(cause.message);
  else die("console.start_failed", cause);
});

async function run(): Promise<void> {
  const options = readArguments();
  const load = () =>
    loadConfiguration({
      file: options.config ?? environment[CONFIG_VARIABLE] ?? null,
      ...(options.port === null ? {} : { port: options.port }),
      cwd: process.cwd(),
      environment,
      readText: readTextFile,
    });
  const loaded = load();
  const folder = prepareDataFolder(loaded.journal.path, { fallback: loaded.demo !== null && loaded.file === null });
  const configuration = { ...loaded, journal: { ...loaded.journal, path: folder } };
  prepareNextEnvironment(options.dev);
  const stopping = stopOnSignal(log);
  const reloading = reloadOnHangUp(log);
  const app = await compose(configuration, log, null, load);
  const { openPages } = await import("#server/http/pages.ts");
  const running = await startConsole({
    configuration,
    app,
    clock: createSystemClock(),
    log,
    dev: options.dev,
    openPages: (server, port) =>
      openPages({ dev: options.dev, folder: ROOT, host: configuration.listen.host, port, server }),
  });
  reloading.resolve(app, configuration.ingest?.id);
  log.info("console.ready", {
    url: running.url,
    port: running.port,
    demo: configuration.demo !== null,
    configuration: configuration.file,
    data: folder,
    auth: configuration.auth.mode,
  });
  stopping.resolve({
    ...running,
    async stop() {
      const clean = await running.stop();
      giveBackDataFolder(folder);
      return clean;
    },
  });
}

function readArguments() {
  const { values } = parseOrFail();
  const port = values.port === undefined ? null : Number(values.port);
  if (port !== null && !(Number.isInteger(port) && port >= 0 && port < 65_536)) fail(`--port ${values.port} is none`);
  return { config: values.config, port, dev: values.dev === true };
}

function parseOrFail() {
  try {
    return parseArgs({
      options: { config: { type: "string" }, port: { type: "string" }, dev: { type: "boolean" } },
      strict: true,
    });
  } catch (cause) {
    return fail(`${cause instanceof Error ? cause.message : String(cause)}\n${USAGE}`);
  }
}

/** The first SIGTERM or SIGINT stops cleanly, also in the middle of starting; a second one at once. */
function stopOnSignal(to: Logger): { resolve(running: RunningConsole): void } {
  const started = Promise.withResolvers<RunningConsole>();
  let asked = false;
  const stop = (signal: NodeJS.Signals) => {
    if (asked) return leave(1);
    asked = true;
    setTimeout(() => die("console.stop_late", signal), STOP_DEADLINE_MS).unref();
    to.info("console.stopping", { signal });
    started.promise
      .then((running) => running.stop())
      .then((clean) => {
        to.info("console.stopped", { clean });
        leave(clean ? 0 : 1);
      })
      .catch((cause: unknown) => die("console.stop_failed", cause));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
  return started;
}

/** A fault that the person who started it can mend: said in plain words, no stack. */
function fail(message: string): never {
  process.stderr.write(`${message}\n`);
  return leave(2);
}

/** A fault of ours: whatever state we are in, it is not one to go on from. */
function die(event: string, cause: unknown): never {
  log.error(event, { error: cause });
  return leave(1);
}

function leave(code: number): never {
  flush();
  process.exit(code);
}
