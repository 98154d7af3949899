/** Folds as they stood at a number of their stream, in pieces that a database likes. Derived from the events. */
import { promisify } from "node:util";
import { deflateRaw, inflateRaw } from "node:zlib";
import type { StreamFold } from "#server/contract/fold/fold.ts";
import { sameHash, seal } from "#server/journal/adapters/chain.ts";
import { snapshotsToDrop } from "#server/journal/domain/snapshots.ts";
import type { StreamSnapshot } from "#server/journal/ports.ts";
import { keptAfterOf, readMarks } from "./marks.ts";
import { numberIn, textIn } from "./rows.ts";
import { eachOf, mapOf, type Store } from "./store.ts";

const CHUNK_BYTES = 400_000;
const STATE_BYTES_MAX = 256 * 1024 * 1024;
const CHUNKS_AT_ONCE = 4;
/** One that cannot be read is passed over for the one before. */
const CANDIDATES = 3;
const SNAPSHOTS_MAX = 10_000;
/** Versions of the fold before the present one that are cleared of what is not needed. */
const VERSIONS_BACK = 10;

/** Beside the main loop: a fold may have tens of megabytes. */
const packed = promisify<string, Buffer>(deflateRaw);
const unpacked = promisify(inflateRaw);

interface Listed {
  readonly seq: number;
  readonly chunks: number;
  readonly bytes: number;
  readonly mac: string;
}

/** The newest of this fold version at or before `seq`; one that was not written with the key is passed over. */
export async function snapshotUpTo(
  store: Store,
  stream: string,
  foldVersion: number,
  seq: number,
): Promise<StreamSnapshot | null> {
  for (const listed of await list(store, stream, foldVersion, seq, CANDIDATES)) {
    const state = await stateOf(store, stream, foldVersion, listed);
    if (state === null || !sameHash(listed.mac, macOf(store.key, stream, foldVersion, listed.seq, state))) continue;
    return { stream, seq: String(listed.seq), foldVersion, state: JSON.parse(state) as StreamFold };
  }
  return null;
}

/** Writes its pieces, then the row that names it; then what is not needed beside it goes. */
export async function writeSnapshot(store: Store, snapshot: StreamSnapshot, seq: number): Promise<void> {
  const { stream, foldVersion } = snapshot;
  const state = JSON.stringify(snapshot.state);
  const data = await packed(state);
  const chunks = Math.max(1, Math.ceil(data.byteLength / CHUNK_BYTES));
  await eachOf(numbers(chunks), CHUNKS_AT_ONCE, (chunk) => {
    const part = data.subarray(chunk * CHUNK_BYTES, (chunk + 1) * CHUNK_BYTES);
    return store.cql.write([store.statements.addChunk(stream, foldVersion, seq, chunk, part)]);
  });
  const mac = macOf(store.key, stream, foldVersion, seq, state);
  const row = { seq, chunks, bytes: data.byteLength, mac };
  await store.cql.write([store.statements.addSnapshot(stream, foldVersion, row)]);
  await thin(store, stream, foldVersion, seq);
}

/** Whether a snapshot covers the stream's events up to this number, none beyond `head`. */
export async function snapshotReach(store: Store, stream: string, foldVersion: number, head: number): Promise<number> {
  return Number((await snapshotUpTo(store, stream, foldVersion, head))?.seq ?? 0);
}

async function thin(store: Store, stream: string, foldVersion: number, written: number): Promise<void> {
  const [marks, listed] = await Promise.all([
    readMarks(store, stream),
    list(store, stream, foldVersion, Number.MAX_SAFE_INTEGER, SNAPSHOTS_MAX),
  ]);
  const going = new Set(snapshotsToDrop(listed.toReversed(), keptAfterOf(marks), written));
  const dropped = listed.filter((snapshot) => going.has(snapshot.seq));
  await drop(store, stream, foldVersion, dropped);
  if (listed.length > 1) return;
  // The first of this version. Of earlier ones only the newest is of use: to go on from it after a way back.
  for (let older = foldVersion - 1; older >= Math.max(0, foldVersion - VERSIONS_BACK); older -= 1)
    await drop(
      store,
      stream,
      older,
      (await list(store, stream, older, Number.MAX_SAFE_INTEGER, SNAPSHOTS_MAX)).slice(1),
    );
}

/** The row that names it first: without it its pieces are not looked for. */
async function drop(store: Store, stream: string, foldVersion: number, snapshots: readonly Listed[]): Promise<void> {
  for (const { seq, chunks } of snapshots) {
    await store.cql.write([store.statements.dropSnapshot(stream, foldVersion, seq)]);
    await eachOf(numbers(chunks), CHUNKS_AT_ONCE, (chunk) =>
      store.cql.write([store.statements.dropChunk(stream, foldVersion, seq, chunk)]),
    );
  }
}

/** Newest first. */
async function list(
  { cql, statements }: Store,
  stream: string,
  foldVersion: number,
  upTo: number,
  limit: number,
): Promise<readonly Listed[]> {
  const rows = await cql.read(statements.snapshots(stream, foldVersion, upTo, limit));
  return rows.map((row) => ({
    seq: numberIn(row, "seq"),
    chunks: numberIn(row, "chunks"),
    bytes: numberIn(row, "bytes"),
    mac: textIn(row, "mac"),
  }));
}

/** JSON of the fold; `null` when a piece is missing or damaged. */
async function stateOf(
  { cql, statements }: Store,
  stream: string,
  foldVersion: number,
  { seq, chunks }: Listed,
): Promise<string | null> {
  const parts = await mapOf(numbers(chunks), CHUNKS_AT_ONCE, async (chunk) => {
    const [row] = await cql.read(statements.chunk(stream, foldVersion, seq, chunk));
    const data: unknown = row?.data;
    return data instanceof Uint8Array ? data : null;
  });
  const whole = parts.filter((part) => part !== null);
  if (whole.length < chunks) return null;
  try {
    return (await unpacked(Buffer.concat(whole), { maxOutputLength: STATE_BYTES_MAX })).toString("utf8");
  } catch {
    // Damaged: as good as none, and the one before is taken.
    return null;
  }
}

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, n) => n);

const macOf = (key: Uint8Array, stream: string, foldVersion: number, seq: number, state: string): string =>
  seal(key, "snapshot", JSON.stringify([stream, seq, foldVersion, state]));
