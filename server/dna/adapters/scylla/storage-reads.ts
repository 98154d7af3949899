import type { types } from "cassandra-driver";
import type { ActorKey } from "#server/dna/domain/identity.ts";
import type { DnaStore, MalformedRow, StoragePage, StorageRow, StorageValue } from "#server/dna/ports.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { cellsOf, UnreadableCell } from "./cells.ts";
import type { ScyllaSession } from "./session.ts";
import type { DnaStatements } from "./statements.ts";

const PAGE_LIMIT_MAX = 1_000;
const US_PER_MS = 1_000n;
/** Bytes of an unreadable key that are named. */
const KEY_SHOWN_BYTES = 32;

type StorageReads = Pick<DnaStore, "ownerWrittenAt" | "storageRows" | "storageValue">;

/** Reads of the storage of an actor: the sizes first, a value only once it is known to be small enough. */
export function storageReads(
  session: Pick<ScyllaSession, "read">,
  statements: DnaStatements,
  paramsOf: (key: ActorKey) => readonly unknown[],
): StorageReads {
  async function only(statement: string, params: readonly unknown[]): Promise<types.Row | null> {
    const [row] = await session.read({ statement, params, rowsMax: 1 });
    return row ?? null;
  }

  return {
    async ownerWrittenAt(key) {
      const row = await only(statements.ownerWriteTime, paramsOf(key));
      return row === null ? null : instantOf(row, "written_us");
    },

    async storageRows(key, after, limit): Promise<StoragePage> {
      if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX) {
        throw new OpsError("invalid-input", `A page of storage has 1 to ${PAGE_LIMIT_MAX} rows, not ${limit}`);
      }
      const from = after === null ? [] : [Buffer.from(after)];
      const rows = await session.read({
        statement: statements.storagePage(after !== null),
        params: [...paramsOf(key), ...from, limit + 1],
        rowsMax: limit + 1,
      });
      const shown = rows.slice(0, limit);
      const last: unknown = rows.length > limit ? shown.at(-1)?.key : undefined;
      return { rows: shown.map(parseStorageRow), nextAfter: last instanceof Uint8Array ? bytesOf(last) : null };
    },

    async storageValue(key, storageKey, maxBytes): Promise<StorageValue | null> {
      const params = [...paramsOf(key), Buffer.from(storageKey)];
      const head = await only(statements.storageSize, params);
      if (head === null) return null;
      const said: unknown = head.size;
      if (typeof said === "number" && said > maxBytes) return { kind: "too-large", size: said };
      const row = await only(statements.storageValue, params);
      if (row === null) return null;
      const value: unknown = row.value ?? null;
      if (value === null) return { kind: "empty" };
      if (!(value instanceof Uint8Array)) throw new OpsError("upstream-malformed", "storage_kv.value is not a blob");
      if (value.length > maxBytes) return { kind: "too-large", size: value.length };
      return { kind: "value", bytes: bytesOf(value), writtenAt: instantOf(row, "written_us") };
    },
  };
}

function parseStorageRow(row: types.Row): StorageRow | MalformedRow {
  const key: unknown = row.key;
  const size: unknown = row.size ?? null;
  if (!(key instanceof Uint8Array)) return { malformed: true, key: "unreadable", reason: "key is not a blob" };
  if (size !== null && typeof size !== "number") {
    const shown = Buffer.from(key.subarray(0, KEY_SHOWN_BYTES)).toString("hex");
    return { malformed: true, key: shown, reason: "size is not a number" };
  }
  return { key: bytesOf(key), size, writtenAt: instantOf(row, "written_us") };
}

/** The driver's buffers share memory with the frame they came in. */
const bytesOf = (buffer: Uint8Array): Uint8Array => new Uint8Array(buffer);

/** A write time in µs as an instant; `null` when there is none, or none that a date could be. */
function instantOf(row: types.Row, column: string): EpochMs | null {
  try {
    const us = cellsOf(row).int64OrNull(column);
    if (us === null) return null;
    const ms = Number(us / US_PER_MS);
    return Math.abs(ms) <= 8.64e15 ? epochMs(ms) : null;
  } catch (cause) {
    if (cause instanceof UnreadableCell) return null;
    throw cause;
  }
}
