import { setTimeout as sleep } from "node:timers/promises";
import { Command, InvalidArgumentError } from "commander";
import { type CassandraCluster, startCassandra } from "./cluster.ts";
import { WELL_KNOWN_NETWORK } from "./network.ts";
import { waitUntilReady } from "./ready.ts";

/** `npm run cassandra -- start [--nodes 3]` and `npm run cassandra -- check`. */
const program = new Command("cassandra").description("A real Apache Cassandra in a directory that goes with it");

program
  .command("start")
  .description("start, and stop with Ctrl-C; nothing is kept")
  .option("--nodes <1|3>", "nodes on <network>.1 and following", parseNodes, 1)
  .option("--network <a.b.c>", "first three numbers of the addresses", WELL_KNOWN_NETWORK)
  .action(async (options: { readonly nodes: 1 | 3; readonly network: string }) => {
    say(`Starting Cassandra, ${options.nodes} node(s) …`);
    const cluster = await startCassandra(options);
    say(`Ready after ${cluster.startedInMs} ms. contactPoints: ${JSON.stringify(cluster.contactPoints)}`);
    say(`localDataCenter: ${cluster.localDataCenter}`);
    for (const node of cluster.nodes) say(`  ${node.contactPoint}  pid ${node.pid()}  log ${node.logFile}`);
    await untilAskedToStop();
    say("Stopping …");
    await cluster.stop();
  });

program
  .command("check")
  .description("start, wait until ready, do a conditional write on each node, stop; exit code 0 when all of it worked")
  .option("--nodes <1|3>", "how many nodes", parseNodes, 1)
  .action(async (options: { readonly nodes: 1 | 3 }) => {
    const cluster = await startCassandra(options);
    try {
      await writeOnEachNode(cluster);
      say(JSON.stringify({ nodes: options.nodes, startedInMs: cluster.startedInMs, conditionalWrite: "applied" }));
    } finally {
      await cluster.stop();
    }
  });

await program.parseAsync();

async function writeOnEachNode(cluster: CassandraCluster): Promise<void> {
  const { localDataCenter: dataCenter } = cluster;
  for (const { address, port, pid } of cluster.nodes) {
    const alive = () => pid() !== undefined;
    await waitUntilReady({ address, port, dataCenter, nodes: cluster.nodes.length, alive });
  }
}

/** Resolves at the first Ctrl-C or SIGTERM. A second one ends this process at once, and its guard does the rest. */
async function untilAskedToStop(): Promise<void> {
  const asked = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => asked.abort());
  while (!asked.signal.aborted) {
    await sleep(60_000, undefined, { signal: asked.signal }).catch((cause: unknown) => {
      if (!asked.signal.aborted) throw cause;
    });
  }
}

function parseNodes(text: string): 1 | 3 {
  if (text === "1") return 1;
  if (text === "3") return 3;
  throw new InvalidArgumentError("one node or three");
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
