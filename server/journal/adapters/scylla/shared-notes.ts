/** Notes of every process on a journal: plain rows with an end, under no fence, because each process writes only its own. */
import type { SharedNotes } from "#server/journal/ports.ts";
import type { Cql, Statement } from "./cql.ts";
import type { Statements } from "./statements.ts";

const TTL_SECONDS = 3_600;
const LIST_MAX = 10_000;
/** A batch beyond this is warned of, and at ten times as much refused (Cassandra's defaults, 5 kB and 50 kB). */
const BATCH_BYTES_MAX = 40_000;

/** @param statements of the journal's keyspace */
export function createSharedNotes(cql: Pick<Cql, "read" | "write">, statements: Statements): SharedNotes {
  return {
    async put(space, owner, entries) {
      const written = entries.map(({ key, value }) => ({
        bytes: Buffer.byteLength(value ?? ""),
        statement:
          value === null
            ? statements.dropNote(space, owner, key)
            : statements.putNote(space, owner, key, value, TTL_SECONDS),
      }));
      for (const batch of batchesOf(written)) await cql.write(batch);
    },
    async list(space) {
      const rows = await cql.read(statements.notes(space, LIST_MAX));
      return rows.flatMap(({ owner, key, value }) =>
        typeof owner === "string" && typeof key === "string" && typeof value === "string"
          ? [{ owner, key, value }]
          : [],
      );
    },
    drop: (space, owner) => cql.write([statements.dropNotes(space, owner)]),
  };
}

/** In order, so that the last one written is written last. */
function batchesOf(entries: readonly { readonly bytes: number; readonly statement: Statement }[]): Statement[][] {
  const batches: Statement[][] = [];
  let room = 0;
  for (const { bytes, statement } of entries) {
    const last = batches.at(-1);
    if (last === undefined || bytes > room) {
      batches.push([statement]);
      room = BATCH_BYTES_MAX - bytes;
    } else {
      last.push(statement);
      room -= bytes;
    }
  }
  return batches;
}
