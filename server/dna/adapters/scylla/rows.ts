import type { types } from "cassandra-driver";
import { type ActorType, type Incarnation, toIncarnationId } from "#server/dna/domain/identity.ts";
import type { ActorRow, DatabaseHost, MalformedRow, NodeRow } from "#server/dna/ports.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { type Cells, cellsOf, UnreadableCell } from "./cells.ts";

const US_PER_MS = 1_000n;
const UNKNOWN = "unknown";
/** A name of a node is an atom, which ends at 255 characters. What else stands there is shown, but as an event can hold it. */
const NODE_NAME_CHARS_MAX = 16_384;

/** One row of `nodes`. Its key is the incarnation as text, as far as that could be read. */
export function parseNodeRow(row: types.Row): NodeRow | MalformedRow {
  const cells = cellsOf(row);
  return marked(
    () => nodeKey(cells),
    () => ({
      incarnation: { createdAt: cells.instant("created_at"), id: cells.int64("id") },
      node: nodeName(cells),
      heartbeat: cells.int64("heartbeat"),
      load: cells.floatOrNull("load"),
      // No reader of DNA looks at it, and DNA itself always writes false.
      draining: cells.booleanOrNull("draining") ?? false,
      writeAgeMs: writeAgeMs(cells),
      writtenAtMs: writtenAtMs(cells),
    }),
  );
}

/** One row of `actors`. A row that somebody wrote by half (without any owner) is a row; one with half an owner is not. */
export function parseActorRow(row: types.Row): ActorRow | MalformedRow {
  const cells = cellsOf(row);
  return marked(
    () => cells.text("name"),
    () => ({ name: cells.text("name"), owner: parseOwner(cells), claimedAt: cells.instantOrNull("claimed_at") }),
  );
}

/** @throws OpsError `upstream-malformed`: the pair is the partition key, so the table is not DNA's */
export function parseActorType(row: types.Row): ActorType {
  const [namespace, moduleId]: readonly unknown[] = [row.namespace, row.module_id];
  if (typeof namespace === "string" && typeof moduleId === "number") return { namespace, moduleId };
  throw new OpsError("upstream-malformed", "The key of the actors table is not (namespace text, module_id int)");
}

/** @throws OpsError `upstream-malformed`: it is the partition key, so the table is not DNA's */
export function parseCluster(row: types.Row): string {
  const cluster: unknown = row.cluster;
  if (typeof cluster === "string") return cluster;
  throw new OpsError("upstream-malformed", "The key of the nodes table is not (cluster text)");
}

/** The owner that a refused conditional statement tells; `not-told` when it tells none. */
export function parseToldOwner(row: types.Row): Incarnation | null | "not-told" {
  if (row.node_created === undefined || row.node_id === undefined) return "not-told";
  try {
    return parseOwner(cellsOf(row));
  } catch (cause) {
    if (cause instanceof UnreadableCell) return "not-told";
    throw cause;
  }
}

/** A host as the database lists it. Cells that are empty (a host that never quite joined) read `unknown`. */
export function parseHost(row: types.Row, isUp: (address: string) => boolean | null): DatabaseHost {
  const shown = (column: string): string => {
    const value: unknown = row[column];
    return value === null || value === undefined ? UNKNOWN : String(value);
  };
  const address = shown(row.rpc_address === null ? "peer" : "rpc_address");
  return {
    address,
    dataCenter: shown("data_center"),
    rack: shown("rack"),
    hostId: shown("host_id"),
    version: shown("release_version"),
    up: isUp(address),
  };
}

function parseOwner(cells: Cells): Incarnation | null {
  const [createdAt, id] = [cells.instantOrNull("node_created"), cells.int64OrNull("node_id")];
  if (createdAt === null && id === null) return null;
  if (createdAt === null || id === null) throw new UnreadableCell("only half of the owner is there");
  return { createdAt, id };
}

function writtenAtMs(cells: Cells): number | null {
  const beatUs = cells.int64OrNull("beat_us");
  return beatUs === null ? null : Number(beatUs / US_PER_MS);
}

/** Both instants are those of coordinators: the one that took the write and the one that answers now. */
function writeAgeMs(cells: Cells): number | null {
  const [beatUs, databaseMs] = [cells.int64OrNull("beat_us"), cells.int64OrNull("database_ms")];
  if (beatUs === null || databaseMs === null) return null;
  return Math.max(0, Number(databaseMs - beatUs / US_PER_MS));
}

function nodeKey(cells: Cells): string {
  return toIncarnationId({ createdAt: cells.instant("created_at"), id: cells.int64("id") });
}

function nodeName(cells: Cells): string {
  const name = cells.text("node");
  if (name === "") throw new UnreadableCell("node is empty");
  if (name.length > NODE_NAME_CHARS_MAX) throw new UnreadableCell("node is longer than any name of a node");
  return name;
}

function marked<T>(key: () => string, read: () => T): T | MalformedRow {
  try {
    return read();
  } catch (cause) {
    if (!(cause instanceof UnreadableCell)) throw cause;
    return { malformed: true, key: readableKey(key), reason: cause.message };
  }
}

function readableKey(key: () => string): string {
  try {
    return key();
  } catch (cause) {
    if (cause instanceof UnreadableCell) return `unreadable (${cause.message})`;
    throw cause;
  }
}
