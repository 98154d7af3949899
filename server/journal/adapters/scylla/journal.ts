/** `Journal` and `StateStore` in ScyllaDB or Cassandra: one process writes, the others follow. */
import { ulid } from "ulid";
import { readGivenKey } from "#server/journal/adapters/given-key.ts";
import { chainOf } from "#server/journal/domain/chains.ts";
import type { StateStore } from "#server/journal/ports.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { type DecimalText, parseInt64 } from "#server/kernel/json.ts";
import { createClient } from "./client.ts";
import { type Cql, createCql } from "./cql.ts";
import { createDirectory } from "./directory.ts";
import { eventById, eventsAfter, positionAt } from "./event-reads.ts";
import { createLease, Fenced, type Lease } from "./lease.ts";
import { keptAfterOf, readMarks } from "./marks.ts";
import type { LeaseTimes, ScyllaJournal, ScyllaJournalOptions } from "./options.ts";
import { readRange } from "./range.ts";
import { fenceNames, readNames } from "./registry.ts";
import { acknowledge, retain } from "./retention.ts";
import { eventTableNames, hasSchema, makeSchema } from "./schema.ts";
import { createSharedNotes } from "./shared-notes.ts";
import { snapshotUpTo, writeSnapshot } from "./snapshots.ts";
import { createState } from "./state.ts";
import { statementsOn } from "./statements.ts";
import { eachOf, identify, mapOf, NO_JOURNAL, type Store } from "./store.ts";
import { createTenure, type Tenure } from "./tenure.ts";
import { verifyAll } from "./verify.ts";

export type { ScyllaJournal, ScyllaJournalOptions } from "./options.ts";

const SEGMENT_EVENTS = 5_000;
const LEASE_TIMES: LeaseTimes = { leaseMs: 10_000, beatMs: 2_000 };
const AFTER_LIMIT_MAX = 10_000;
const STREAMS_AT_ONCE = 16;
/** What is under way when the journal is closed has so long to end. */
const CLOSE_LIMIT_MS = 8_000;

/**
 * Opens the journal: as its writer when nobody holds it, as a follower otherwise. Whoever holds it has lost it when its
 * beat stands still for `lease.leaseMs`; a follower takes it then by itself, and what the former holder sends after that
 * is not taken.
 *
 * @throws OpsError `journal-unavailable` when the database does not answer, `refused` for another key or a newer format,
 * `not-found` when there is none and nothing may be made
 */
export async function openScyllaJournal(options: ScyllaJournalOptions): Promise<ScyllaJournal> {
  readGivenKey(options.key);
  return openJournalOn(createCql(createClient(options)), options);
}

/** The same on a connection that is given, and closed with the journal. */
export async function openJournalOn(cql: Cql, options: ScyllaJournalOptions): Promise<ScyllaJournal> {
  const writes = options.writes ?? true;
  const key = readGivenKey(options.key);
  const statements = statementsOn(options.keyspace);
  try {
    if (writes) await makeSchema(cql, options.keyspace, options.replication);
    else if (!(await hasSchema(cql, options.keyspace, eventTableNames))) throw new OpsError("not-found", NO_JOURNAL);
    const journalId = await identify({ cql, statements, key }, ulid, writes);
    const store: Store = { cql, statements, key, journalId };
    const opened = openOn(store, options);
    if (writes) await opened.lease.start();
    else await opened.lease.look();
    return opened.begin(writes);
  } catch (cause) {
    await cql.close();
    throw cause;
  }
}

function openOn(
  store: Store,
  { clock, log, holder, lease: times = LEASE_TIMES, segmentEvents = SEGMENT_EVENTS }: ScyllaJournalOptions,
) {
  const directory = createDirectory(store);
  const ending = new AbortController();
  let tenure: Tenure | null = null;
  let closing: Promise<void> | null = null;

  const lease: Lease = createLease({
    cql: store.cql,
    statements: store.statements,
    clock,
    log,
    holder,
    times,
    async fence(epoch) {
      tenure?.end();
      const next = createTenure({ store, directory, log, segmentEvents, epoch });
      const streams = await fenceNames(store, "stream", epoch);
      await next.takeOver(streams);
      await state.fence(await fenceNames(store, "state", epoch), epoch);
      tenure = next;
    },
    onBeat: () => tenure?.kick(),
  });
  lease.onChange(({ role }) => {
    if (role === "follower") tenure?.end();
  });
  const state = createState(store, () => lease.epoch());

  /** @throws OpsError `refused` unless this process holds the journal */
  const held = (): Tenure => {
    const epoch = lease.epoch();
    if (tenure?.epoch === epoch) return tenure;
    throw new OpsError("journal-unavailable", "The journal is being taken over");
  };

  async function open<T>(work: () => Promise<T>): Promise<T> {
    if (closing !== null) throw new OpsError("journal-unavailable", "The journal is closed");
    try {
      return await work();
    } catch (cause) {
      throw cause instanceof Fenced ? await lease.lose() : cause;
    }
  }

  const streams = async () => (await readNames(store, "stream")).names;

  const journal: Omit<ScyllaJournal, "close"> = {
    append(stream, drafts) {
      const at = clock.now();
      return open(async () => (drafts.length === 0 ? [] : (await held().writerOf(stream)).append(drafts, at)));
    },
    heads: () =>
      open(async () => {
        const heads = await mapOf(await streams(), STREAMS_AT_ONCE, async (stream) => {
          const [marks, facts] = await Promise.all([
            readMarks(store, stream),
            tenure?.facts(stream) ?? directory.newest(stream),
          ]);
          const keptAfter = keptAfterOf(marks);
          return { stream, seq: Math.max(facts?.lastSeq ?? 0, keptAfter), keptAfter };
        });
        return heads
          .filter(({ seq }) => seq > 0)
          .map(({ stream, seq, keptAfter }) => ({
            stream,
            epoch: store.journalId,
            seq: String(seq),
            keptAfter: String(keptAfter),
          }));
      }),
    after: (stream, after, limit) =>
      open(async () => eventsAfter(store, directory, stream, toSeq(after), bounded(limit, AFTER_LIMIT_MAX))),
    range: (query) => open(() => readRange(store, directory, query)),
    byId: (stream, id) => open(() => eventById(store, directory, stream, id)),
    positionAt: (stream, at) => open(async () => String(await positionAt(store, directory, stream, at))),
    latestSnapshot: (stream, foldVersion) =>
      open(async () => snapshotUpTo(store, stream, foldVersion, await headOf(stream))),
    snapshotBefore: (stream, seq, foldVersion) =>
      open(async () => snapshotUpTo(store, stream, foldVersion, Math.min(toSeq(seq), await headOf(stream)))),
    writeSnapshot: (snapshot) =>
      open(async () => {
        held();
        await writeSnapshot(store, snapshot, toSeq(snapshot.seq));
      }),
    retain: (rules, foldVersion) =>
      open(async () => {
        const at = clock.now();
        const mine = held();
        const names = await streams();
        await eachOf(names, STREAMS_AT_ONCE, async (stream) => (await mine.writerOf(stream)).endDay(at));
        return retain({ store, directory, state }, { streams: names, rules, foldVersion, at });
      }),
    acknowledge: (ids) => open(() => acknowledge({ store, directory, state }, ids)),
    state: guarded(state, open),
    notes: createSharedNotes(store.cql, store.statements),
    role: { state: () => lease.state(), onChange: (listener) => lease.onChange(listener) },
    chainHeads: () =>
      open(async () => {
        const heads = await mapOf(await streams(), STREAMS_AT_ONCE, async (stream) => ({
          stream,
          facts: await directory.newest(stream),
        }));
        return heads.flatMap(({ stream, facts }) =>
          facts === null ? [] : [{ chain: chainOf(stream), stream, position: facts.lastSeq, hash: facts.lastHash }],
        );
      }),
    verifyChain: () => verifyAll(store, createDirectory(store)),
  };

  const headOf = async (stream: string): Promise<number> =>
    (tenure?.facts(stream) ?? (await directory.newest(stream)))?.lastSeq ?? 0;

  async function close(running: Promise<void>): Promise<void> {
    ending.abort(new Error("the journal is closed"));
    const settled = Promise.all([running, tenure?.settled()]);
    await Promise.race([settled, patience(CLOSE_LIMIT_MS)]).catch((cause: unknown) => {
      log.warn("journal.close.unsettled", { cause: messageOf(cause) });
    });
    tenure?.end();
    await lease.leave().catch((cause: unknown) => log.warn("journal.lease.kept", { cause: messageOf(cause) }));
    await store.cql.close();
  }

  return {
    lease,
    begin(writes: boolean): ScyllaJournal {
      const running = writes ? lease.run(ending.signal) : Promise.resolve();
      return {
        ...journal,
        close() {
          closing ??= close(running);
          return closing;
        },
      };
    },
  };
}

function guarded(state: StateStore, open: <T>(work: () => Promise<T>) => Promise<T>): StateStore {
  return {
    get: (namespace, key) => open(() => state.get(namespace, key)),
    list: (namespace) => open(() => state.list(namespace)),
    page: (namespace, after, limit) => open(() => state.page(namespace, after, limit)),
    put: (namespace, key, value) => open(() => state.put(namespace, key, value)),
    putAll: (namespace, entries) => open(() => state.putAll(namespace, entries)),
    increment: (namespace, key) => open(() => state.increment(namespace, key)),
  };
}

/** Resolves after so long; does not keep the process. */
function patience(limitMs: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, limitMs).unref();
  });
}

function toSeq(seq: DecimalText): number {
  const value = parseInt64(seq);
  if (value === null || value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER))
    throw new OpsError("invalid-input", "Not the number of an event");
  return Number(value);
}

function bounded(limit: number, max: number): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= max) return limit;
  throw new OpsError("invalid-input", `The limit is to be from 1 to ${max}`);
}
