import { createInterface } from "node:readline";
import { Command, InvalidArgumentError } from "commander";
import { createHerd, type DnaHerd } from "#scripts/dna/herd.ts";
import type { DnaIncarnation } from "#scripts/dna/incarnation.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createSystemClock } from "#server/runtime/clock.ts";

const HELP = "Commands: list, start [node name], kill <n>, freeze <n>, thaw <n>, quit";

/** `node scripts/dna-beat.ts --keyspace dna`: keeps a DNA cluster beating in a real database, until Ctrl-C. */
const options = new Command("dna-beat")
  .description("Creates DNA's tables and keeps nodes beating in them, as DNA's own would")
  .option("--contact-points <host:port,…>", "the database", "127.0.0.1:9042")
  .option("--local-data-center <name>", "its data centre", "dc1")
  .option("--keyspace <name>", "where the tables are, or will be", "dna")
  .option("--replicas <n>", "copies of each row, when the keyspace is new", toCount, 1)
  .option("--cluster <name>", "name of the DNA cluster", "prod")
  .option("--nodes <n>", "how many nodes", toCount, 3)
  .option("--keys <n>", "how many keys to claim, half of each of two types", toCount, 100)
  .parse()
  .opts<{
    readonly contactPoints: string;
    readonly localDataCenter: string;
    readonly keyspace: string;
    readonly replicas: number;
    readonly cluster: string;
    readonly nodes: number;
    readonly keys: number;
  }>();

const herd = await createHerd({
  ...options,
  contactPoints: options.contactPoints.split(","),
  clock: createSystemClock(),
  log: { ...silentLogger, warn: (event, fields) => say(`${event} ${fields?.node}: ${fields?.cause}`) },
});
for (let started = 0; started < options.nodes; started += 1) await herd.start();
await herd.claimKeys({ namespace: "eu", moduleId: 0 }, "city-", Math.ceil(options.keys / 2));
await herd.claimKeys({ namespace: "eu", moduleId: 1 }, "sensor-", Math.floor(options.keys / 2));
list(herd);
say(HELP);

for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => void quit());
const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => {
  obey(herd, line).catch((cause: unknown) => say(cause instanceof Error ? cause.message : String(cause)));
});

async function obey(cluster: DnaHerd, line: string): Promise<void> {
  const [command = "", argument] = line.trim().split(/\s+/);
  switch (command) {
    case "":
    case "list":
      return list(cluster);
    case "start":
      await cluster.start(argument);
      return list(cluster);
    case "kill":
      await numbered(cluster, argument).kill();
      return list(cluster);
    case "freeze":
      numbered(cluster, argument).freeze();
      return list(cluster);
    case "thaw":
      numbered(cluster, argument).thaw();
      return list(cluster);
    case "quit":
      return quit();
    default:
      say(HELP);
  }
}

function numbered(cluster: DnaHerd, text: string | undefined): DnaIncarnation {
  const found = cluster.incarnations[Number(text) - 1];
  if (found === undefined) throw new Error(`There is no node ${text}: 1 to ${cluster.incarnations.length}`);
  return found;
}

function list(cluster: DnaHerd): void {
  for (const [index, { node, id, state }] of cluster.incarnations.entries()) {
    say(`${index + 1}  ${state().padEnd(7)}  ${node}  ${id}`);
  }
}

/** The rows stay: a real cluster that ends leaves them as well. */
async function quit(): Promise<void> {
  lines.close();
  await herd.close();
}

function toCount(text: string): number {
  const count = Number(text);
  if (!Number.isInteger(count) || count < 0 || count > 1_000_000) throw new InvalidArgumentError("a whole number");
  return count;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
