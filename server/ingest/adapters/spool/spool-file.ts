/** The queues of the receivers that must not lose anything, in one SQLite file. Runs in the spool's thread. */
import type { DatabaseSync } from "node:sqlite";
import { openFile } from "#server/ingest/adapters/sqlite-file.ts";
import type { ThreadWork } from "#server/ingest/adapters/thread-serve.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { BacklogRow, ChunkRow, LetterRow, SpoolCall, SpoolCalls, SpoolThreadData } from "./protocol.ts";

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS queue (id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL,
    items INTEGER NOT NULL, taken_at INTEGER NOT NULL, bytes INTEGER NOT NULL, payload TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS queue_by_receiver ON queue (receiver, id);
  CREATE TABLE IF NOT EXISTS seen (agent TEXT NOT NULL, boot TEXT NOT NULL, numbers TEXT NOT NULL,
    touched_at INTEGER NOT NULL, PRIMARY KEY (agent, boot)) STRICT, WITHOUT ROWID;
  CREATE INDEX IF NOT EXISTS seen_by_time ON seen (touched_at);
  CREATE TABLE IF NOT EXISTS dead (id INTEGER PRIMARY KEY AUTOINCREMENT, receiver TEXT NOT NULL, at INTEGER NOT NULL,
    reason TEXT NOT NULL, payload TEXT NOT NULL) STRICT;
  CREATE INDEX IF NOT EXISTS dead_by_receiver ON dead (receiver, id);`;

/** An agent that starts more often than this is not told from one that begins anew. */
const BOOTS_PER_AGENT_MAX = 4;
const BOOTS_MAX = 50_000;
const LETTERS_MAX = 10_000;
/** Of all dead letters: the oldest go first. */
const LETTERS_CHARS_MAX = 64 * 1024 * 1024;
const CHUNKS_A_READ_MAX = 500;
/** Of one read, beyond its first chunk: what is read ahead is held in memory. */
const CHARS_A_READ_MAX = 4 * 1024 * 1024;

const WRITES: ReadonlySet<string> = new Set<SpoolCall>(["append", "settle", "bury", "forget"]);

/** Opens the file. @throws OpsError `refused` when another process has it */
export function openSpoolWork(data: SpoolThreadData): ThreadWork {
  const database = openFile({ file: data.file, fileBytesMax: data.fileBytesMax, schema: SCHEMA });
  const calls = spoolCalls(database, data.maxBytes, data.lettersCharsMax ?? LETTERS_CHARS_MAX);
  return {
    database,
    writes: WRITES,
    undone: calls.recount,
    perform(call, args) {
      if (!isSpoolCall(call)) throw new OpsError("invalid-input", `The spool has no call ${call}`);
      return calls.table[call](args as never);
    },
  };
}

const isSpoolCall = (call: string): call is SpoolCall =>
  ["append", "settle", "bury", "forget", "next", "letters", "seen", "backlogs"].includes(call);

type CallWork = { readonly [C in SpoolCall]: (args: SpoolCalls[C]["args"]) => SpoolCalls[C]["answer"] };

interface Count {
  items: number;
  bytes: number;
}

function spoolCalls(database: DatabaseSync, maxBytes: number, lettersCharsMax: number) {
  const counts = countsOf(database);
  const insert = database.prepare(
    "INSERT INTO queue (receiver, items, taken_at, bytes, payload) VALUES (?, ?, ?, ?, ?)",
  );
  const held = database.prepare(
    "SELECT COALESCE(SUM(items), 0) AS items, COALESCE(SUM(bytes), 0) AS bytes FROM queue WHERE receiver = ? AND id <= ?",
  );
  const remove = database.prepare("DELETE FROM queue WHERE receiver = ? AND id <= ?");
  const first = database.prepare("SELECT taken_at FROM queue WHERE receiver = ? ORDER BY id LIMIT 1");
  const behind = database.prepare(
    "SELECT id, items, payload FROM queue WHERE receiver = ? AND id > ? ORDER BY id LIMIT ?",
  );
  const seen = seenCalls(database);
  const dead = deadCalls(database, lettersCharsMax);

  const countOf = (receiver: string): Count => {
    const count = counts.get(receiver) ?? { items: 0, bytes: 0 };
    counts.set(receiver, count);
    return count;
  };
  const backlog = (receiver: string): BacklogRow => {
    const oldest = first.get(receiver)?.taken_at;
    return { receiver, items: countOf(receiver).items, oldestAt: typeof oldest === "number" ? oldest : null };
  };

  const table: CallWork = {
    append({ entries, seen: numbers, at }) {
      const bytes = entries.reduce((sum, { payload, receivers }) => sum + payload.length * receivers.length, 0);
      const held = [...counts.values()].reduce((sum, count) => sum + count.bytes, 0);
      if (entries.length > 0 && held > 0 && held + bytes > maxBytes) {
        throw new OpsError("limit-exceeded", `What waits for receivers holds ${held} bytes, at most ${maxBytes}`);
      }
      for (const { receivers, items, payload } of entries) {
        for (const receiver of receivers) {
          insert.run(receiver, items, at, payload.length, payload);
          const count = countOf(receiver);
          count.items += items;
          count.bytes += payload.length;
        }
      }
      seen.write(numbers, at);
      return entries.flatMap(({ receivers }) => receivers.map(backlog));
    },
    settle({ receiver, upTo }) {
      const gone = held.get(receiver, upTo);
      remove.run(receiver, upTo);
      const count = countOf(receiver);
      count.items -= Number(gone?.items ?? 0);
      count.bytes -= Number(gone?.bytes ?? 0);
      return [backlog(receiver)];
    },
    bury: dead.bury,
    forget: ({ agentId }) => seen.forget(agentId),
    next({ receiver, after, items }) {
      const chunks: ChunkRow[] = [];
      let [found, chars] = [0, 0];
      for (const row of behind.iterate(receiver, after, CHUNKS_A_READ_MAX)) {
        const payload = String(row.payload);
        chunks.push({ id: Number(row.id), payload });
        found += Number(row.items);
        chars += payload.length;
        if (found >= items || chars >= CHARS_A_READ_MAX) break;
      }
      return chunks;
    },
    letters: dead.letters,
    seen: seen.all,
    backlogs: () => [...counts.keys()].map(backlog),
  };
  return {
    table,
    /** After a transaction that was undone. */
    recount() {
      counts.clear();
      for (const [receiver, count] of countsOf(database)) counts.set(receiver, count);
      dead.recount();
    },
  };
}

function countsOf(database: DatabaseSync): Map<string, Count> {
  const rows = database
    .prepare("SELECT receiver, SUM(items) AS items, SUM(bytes) AS bytes FROM queue GROUP BY receiver")
    .all();
  return new Map(rows.map((row) => [String(row.receiver), { items: Number(row.items), bytes: Number(row.bytes) }]));
}

function seenCalls(database: DatabaseSync) {
  const known = database.prepare("SELECT 1 FROM seen WHERE agent = ? AND boot = ?");
  const write = database.prepare(
    `INSERT INTO seen (agent, boot, numbers, touched_at) VALUES (?, ?, ?, ?)
     ON CONFLICT DO UPDATE SET numbers = excluded.numbers, touched_at = excluded.touched_at`,
  );
  const pruneBoots = database.prepare(
    `DELETE FROM seen WHERE agent = ?1 AND boot NOT IN
       (SELECT boot FROM seen WHERE agent = ?1 ORDER BY touched_at DESC, boot = ?2 DESC LIMIT ${BOOTS_PER_AGENT_MAX})`,
  );
  const pruneAll = database.prepare(
    `DELETE FROM seen WHERE (SELECT COUNT(*) FROM seen) > ${BOOTS_MAX} AND (agent, boot) IN
       (SELECT agent, boot FROM seen ORDER BY touched_at LIMIT 100)`,
  );
  const all = database.prepare("SELECT agent, boot, numbers FROM seen ORDER BY touched_at");
  const forget = database.prepare("DELETE FROM seen WHERE agent = ?");
  return {
    write({ agentId, bootId, window }: SpoolCalls["append"]["args"]["seen"], at: number) {
      const isNew = known.get(agentId, bootId) === undefined;
      write.run(agentId, bootId, window, at);
      if (!isNew) return;
      pruneBoots.run(agentId, bootId);
      pruneAll.run();
    },
    all: () =>
      all
        .all()
        .map(({ agent, boot, numbers }) => ({ agentId: String(agent), bootId: String(boot), window: String(numbers) })),
    forget(agentId: string) {
      forget.run(agentId);
      return null;
    },
  };
}

function deadCalls(database: DatabaseSync, charsMax: number) {
  const insert = database.prepare("INSERT INTO dead (receiver, at, reason, payload) VALUES (?, ?, ?, ?)");
  const sum = database.prepare("SELECT COUNT(*) AS letters, COALESCE(SUM(LENGTH(payload)), 0) AS chars FROM dead");
  const oldest = database.prepare("SELECT id, LENGTH(payload) AS chars FROM dead ORDER BY id LIMIT 1");
  const remove = database.prepare("DELETE FROM dead WHERE id = ?");
  const held = { letters: 0, chars: 0 };
  const recount = () => {
    const found = sum.get();
    held.letters = Number(found?.letters ?? 0);
    held.chars = Number(found?.chars ?? 0);
  };
  recount();
  function prune(): void {
    while (held.letters > LETTERS_MAX || (held.chars > charsMax && held.letters > 1)) {
      const first = oldest.get();
      if (first === undefined) break;
      remove.run(Number(first.id));
      held.letters -= 1;
      held.chars -= Number(first.chars);
    }
  }
  const page = database.prepare(
    `SELECT id, receiver, at, reason, payload FROM dead
     WHERE (?1 IS NULL OR receiver = ?1) AND (?2 IS NULL OR id < ?2) ORDER BY id DESC LIMIT ?3`,
  );
  return {
    recount,
    bury({ receiver, reason, at, payloads }: SpoolCalls["bury"]["args"]) {
      for (const payload of payloads) {
        insert.run(receiver, at, reason, payload);
        held.letters += 1;
        held.chars += payload.length;
        prune();
      }
      return null;
    },
    letters({ receiver, before, limit }: SpoolCalls["letters"]["args"]): readonly LetterRow[] {
      return page.all(receiver, before, limit).map((row) => ({
        id: Number(row.id),
        receiver: String(row.receiver),
        at: Number(row.at),
        reason: String(row.reason),
        payload: String(row.payload),
      }));
    },
  };
}
