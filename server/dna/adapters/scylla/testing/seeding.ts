import type { Client } from "cassandra-driver";
import { quoteKeyspace } from "#server/dna/adapters/scylla/identifier.ts";
import type { ActorKey, Incarnation } from "#server/dna/domain/identity.ts";

const US_PER_MS = 1_000n;

export interface CqlNode {
  readonly cluster: string;
  readonly incarnation: Incarnation;
  readonly node: string | null;
  readonly heartbeat: bigint | null;
  readonly load: number | null;
  readonly draining: boolean | null;
  readonly writtenAgoMs: number;
}

export interface CqlStorage {
  readonly key: Uint8Array;
  readonly value: Uint8Array | null;
  readonly size: number | null;
}

export interface CqlActor extends ActorKey {
  readonly nodeCreated: number | null;
  readonly nodeId: bigint | null;
  readonly claimedAt: number | null;
}

/**
 * Writes DNA's tables for the contract suite: its `DnaSeeding` over CQL. Actors are written by conditional statements, as DNA
 * claims them: mixing plain writes with Paxos on one row would leave their order to clocks.
 *
 * @param client with 64-bit numbers as `bigint`
 */
export function createCqlSeeding(client: Pick<Client, "execute">, keyspaceName: string) {
  const keyspace = quoteKeyspace(keyspaceName);
  const run = (statement: string, params: readonly unknown[]) =>
    client.execute(statement, [...params], { prepare: true });
  let lastWriteUs = 0n;

  /** The instant of a write, above all earlier ones that were not meant to be older. */
  function writeTimeUs(writtenAgoMs: number): bigint {
    const wanted = BigInt(Date.now() - writtenAgoMs) * US_PER_MS;
    if (writtenAgoMs !== 0) return wanted;
    lastWriteUs = wanted > lastWriteUs ? wanted : lastWriteUs + 1n;
    return lastWriteUs;
  }

  return {
    async writeNode(row: CqlNode): Promise<void> {
      const { cluster, incarnation, node, heartbeat, load, draining, writtenAgoMs } = row;
      await run(
        `INSERT INTO ${keyspace}.nodes (cluster, created_at, id, node, heartbeat, load, draining) ` +
          "VALUES (?, ?, ?, ?, ?, ?, ?) USING TIMESTAMP ?",
        [cluster, incarnation.createdAt, incarnation.id, node, heartbeat, load, draining, writeTimeUs(writtenAgoMs)],
      );
    },
    async deleteNode(cluster: string, incarnation: Incarnation): Promise<void> {
      await run(`DELETE FROM ${keyspace}.nodes USING TIMESTAMP ? WHERE cluster = ? AND created_at = ? AND id = ?`, [
        writeTimeUs(0),
        cluster,
        incarnation.createdAt,
        incarnation.id,
      ]);
    },
    async writeActor({ namespace, moduleId, name, nodeCreated, nodeId, claimedAt }: CqlActor): Promise<void> {
      const key = [namespace, moduleId, name];
      const created = await run(
        `INSERT INTO ${keyspace}.actors (namespace, module_id, name, node_created, node_id, claimed_at) ` +
          "VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS",
        [...key, nodeCreated, nodeId, claimedAt],
      );
      if (created.first()?.get("[applied]") === true) return;
      await run(
        `UPDATE ${keyspace}.actors SET node_created = ?, node_id = ?, claimed_at = ? ` +
          "WHERE namespace = ? AND module_id = ? AND name = ? IF EXISTS",
        [nodeCreated, nodeId, claimedAt, ...key],
      );
    },
    async writeStorage({ namespace, moduleId, name }: ActorKey, row: CqlStorage): Promise<void> {
      const bytes = (part: Uint8Array | null) => (part === null ? null : Buffer.from(part));
      await run(
        `INSERT INTO ${keyspace}.storage_kv (namespace, module_id, name, key, value, size) VALUES (?, ?, ?, ?, ?, ?)`,
        [namespace, moduleId, name, bytes(row.key), bytes(row.value), row.size],
      );
    },
    async deleteActor({ namespace, moduleId, name }: ActorKey): Promise<void> {
      await run(`DELETE FROM ${keyspace}.actors WHERE namespace = ? AND module_id = ? AND name = ? IF EXISTS`, [
        namespace,
        moduleId,
        name,
      ]);
    },
  };
}
