import type { Client } from "cassandra-driver";
import { quoteKeyspace } from "#server/dna/adapters/scylla/identifier.ts";
import type { ActorType } from "#server/dna/domain/identity.ts";

/** Rows of one write: small enough for no database to warn of it. */
const BATCH_ROWS = 100;
const BATCHES_AT_ONCE = 8;
const NAME_DIGITS = 9;

/**
 * Fills one type of a register with so many rows, fast and without conditions: for tests and benches over tables that
 * nobody claims in.
 *
 * @param client with 64-bit numbers as `bigint`
 */
export async function seedRegister(
  client: Pick<Client, "batch">,
  keyspaceName: string,
  { namespace, moduleId }: ActorType,
  rows: number,
  ownerOf: (index: number) => { readonly createdAt: number; readonly id: bigint } | null,
): Promise<void> {
  const query =
    `INSERT INTO ${quoteKeyspace(keyspaceName)}.actors ` +
    "(namespace, module_id, name, node_created, node_id, claimed_at) VALUES (?, ?, ?, ?, ?, ?)";
  async function write(from: number): Promise<void> {
    const queries = Array.from({ length: Math.min(BATCH_ROWS, rows - from) }, (_, at) => {
      const owner = ownerOf(from + at);
      const name = String(from + at).padStart(NAME_DIGITS, "0");
      const params = [namespace, moduleId, name, owner?.createdAt ?? null, owner?.id ?? null, owner?.createdAt ?? null];
      return { query, params };
    });
    await client.batch(queries, { prepare: true, logged: false });
  }
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < rows) {
      const from = next;
      next += BATCH_ROWS;
      await write(from);
    }
  };
  await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, worker));
}
