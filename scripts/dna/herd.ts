import { createClient } from "#server/dna/adapters/scylla/client.ts";
import type { ScyllaOptions } from "#server/dna/adapters/scylla/options.ts";
import { createDnaTables } from "#server/dna/adapters/scylla/testing/schema.ts";
import type { ActorKey, ActorType } from "#server/dna/domain/identity.ts";
import type { Clock } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import { type DnaIncarnation, type Served, startIncarnation } from "./incarnation.ts";

/** Names sort as their numbers do. */
const KEY_DIGITS = 5;
/** How often a request is made whose answer does not come in time. */
const REQUEST_ATTEMPTS = 5;

export interface HerdOptions extends ScyllaOptions {
  /** Copies of each row, when the keyspace is not there yet. */
  readonly replicas: number;
  /** Value of `cluster` in the `nodes` table. */
  readonly cluster: string;
  readonly clock: Clock;
  readonly log: Logger;
}

/** A DNA cluster as its database sees it, for tests and demonstrations against a real one. */
export interface DnaHerd {
  readonly incarnations: readonly DnaIncarnation[];
  /** One more node; without a name `dna@10.0.0.<n>`. The same name twice is a restart of that node. */
  start(node?: string): Promise<DnaIncarnation>;
  /** Claims `<prefix>00000` and following of this type, dealt out among the beating nodes in turn. */
  claimKeys(type: ActorType, prefix: string, count: number): Promise<void>;
  /** Ends all nodes, leaving the tables as they are. */
  close(): Promise<void>;
}

/** Creates DNA's tables unless they are there, and connects. No node runs yet. */
export async function createHerd(options: HerdOptions): Promise<DnaHerd> {
  const { keyspace, cluster, clock, log, replicas } = options;
  const client = createClient(options);
  await createDnaTables(client, { keyspace, dataCenter: options.localDataCenter, replicas });
  const incarnations: DnaIncarnation[] = [];
  const beating = () => incarnations.filter((incarnation) => incarnation.state() === "beating");

  return {
    incarnations,
    async start(node = `dna@10.0.0.${incarnations.length + 1}`) {
      const incarnation = await startIncarnation({ client, keyspace, cluster, node, clock, log });
      incarnations.push(incarnation);
      return incarnation;
    },
    async claimKeys(type, prefix, count) {
      // One after the other: claims of one type are rounds on one partition, and only wait for each other.
      for (let number = 0; number < count; number += 1) {
        const nodes = beating();
        const name = `${prefix}${String(number).padStart(KEY_DIGITS, "0")}`;
        const node = nodes[number % nodes.length];
        if (node !== undefined) await answeredRequest(node, { ...type, name }, "claimed");
      }
    },
    async close() {
      await Promise.all(incarnations.map((incarnation) => incarnation.kill()));
      await client.shutdown();
    },
  };
}

/**
 * A request that is made again while the database does not answer it in time. A conditional write whose answer is lost may
 * have been applied: a node that is asked again, and finds the key its own, has then done what `lost` says.
 */
export async function answeredRequest(node: DnaIncarnation, key: ActorKey, lost: Served): Promise<Served> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const served = await node.request(key);
      return attempt > 1 && served === "mine" ? lost : served;
    } catch (cause) {
      if (attempt === REQUEST_ATTEMPTS || node.state() !== "beating") throw cause;
    }
  }
}
