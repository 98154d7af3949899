/**
 * A console in a process of its own whose DNA sources are bare tables of nodes: `--config`, `--sources`, `--nodes`,
 * `--beat-ms`, `--dev`; beside them `--agents`, `--stacks`, `--worlds` that are recorded and nothing else. Tells its address once it is ready; asked by any message, how many statements its sources were
 * asked so far.
 */
import path from "node:path";
import { parseArgs } from "node:util";
import { compose, type Estates } from "#server/compose.ts";
import { assembleDna } from "#server/compose-dna.ts";
import { prepareNextEnvironment, processEnvironment } from "#server/config/environment.ts";
import { loadConfiguration } from "#server/config/load.ts";
import { readTextFile } from "#server/config/read-text.ts";
import { startConsole } from "#server/http/console.ts";
import type { Recorder } from "#server/live/ports.ts";
import { createLogOutput } from "#server/log/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { runBeside } from "./beside.ts";
import { createNodesStore } from "./nodes-store.ts";

const ROOT = path.resolve(import.meta.dirname, "..", "..");
const TERM_POLL_MS = 50;

export interface WatchedReady {
  readonly kind: "ready";
  readonly url: string;
}
export interface WatchedCount {
  readonly kind: "count";
  readonly queries: number;
}

const { values } = parseArgs({
  options: {
    config: { type: "string" },
    sources: { type: "string", default: "1" },
    nodes: { type: "string", default: "1000" },
    "beat-ms": { type: "string", default: "5000" },
    agents: { type: "string", default: "0" },
    stacks: { type: "string", default: "0" },
    worlds: { type: "string", default: "0" },
    dev: { type: "boolean", default: false },
  },
});
const { log } = createLogOutput({ level: "warn", terminal: false });
const clock = createSystemClock();
const configuration = loadConfiguration({
  file: values.config ?? null,
  cwd: process.cwd(),
  environment: processEnvironment(),
  readText: readTextFile,
});
const stores = Array.from({ length: Number(values.sources) }, (_, index) => ({
  id: `eu-${index + 1}`,
  counted: createNodesStore(
    { cluster: `eu-${index + 1}`, nodes: Number(values.nodes), beatMs: Number(values["beat-ms"]) },
    clock,
  ),
}));
const regions = configuration.regions.map(({ id, title }) => ({ id, title }));
const beside = { agents: Number(values.agents), stacks: Number(values.stacks), worlds: Number(values.worlds) };
let recorder: Recorder | null = null;
const estates: Estates = {
  places: { regions, loadBalancer: { title: "Global", regions: regions.map(({ id }) => id) } },
  open: (deps) => {
    recorder = deps.recorder;
    return {
      dna: stores.map(({ id, counted }, index) =>
        assembleDna(
          {
            id,
            title: `Cluster ${index + 1}`,
            region: regions[index % regions.length]?.id ?? "",
            cluster: null,
            keyspace: "dna",
            modules: {},
            act: true,
          },
          { store: counted.store, beam: null },
          deps,
        ),
      ),
      dynflow: [],
      haf: [],
    };
  },
  demo: null,
  // The sources are opened by the term that begins right after.
  async run(signal) {
    while (recorder === null) await clock.sleep(TERM_POLL_MS, signal);
    if (beside.agents + beside.stacks + beside.worlds > 0) await runBeside(beside, { recorder, clock }, signal);
  },
  close: async () => undefined,
};

prepareNextEnvironment(values.dev);
const app = await compose(configuration, log, estates);
const { openPages } = await import("#server/http/pages.ts");
const running = await startConsole({
  configuration,
  app,
  clock,
  log,
  dev: values.dev,
  openPages: (server, port) =>
    openPages({ dev: values.dev, folder: ROOT, host: configuration.listen.host, port, server }),
});
process.on("message", () => {
  const queries = stores.reduce((sum, { counted }) => sum + counted.queries(), 0);
  process.send?.({ kind: "count", queries } satisfies WatchedCount);
});
process.on("SIGTERM", () => {
  void running.stop().then((clean) => process.exit(clean ? 0 : 1));
});
if (process.send === undefined) process.stdout.write(`${running.url}\n`);
process.send?.({ kind: "ready", url: running.url } satisfies WatchedReady);
