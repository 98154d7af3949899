import type { ActorKey, ActorType, Incarnation } from "#server/dna/domain/identity.ts";
import type { ActorPage, ActorPageQuery, DatabaseCluster, DnaStore } from "#server/dna/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createCensusReads } from "./census-reads.ts";
import { createClient } from "./client.ts";
import { createKeyspaceReads } from "./keyspace-reads.ts";
import type { ScyllaOptions } from "./options.ts";
import { compareUtf8, upperBoundOf } from "./prefix.ts";
import { parseActorRow, parseActorType, parseCluster, parseHost, parseNodeRow } from "./rows.ts";
import { type ConditionalStatement, createSession, type ScyllaSession } from "./session.ts";
import { createStatements, type DnaStatements, LOCAL_HOST, PEER_HOSTS, SCYLLA_MARK } from "./statements.ts";
import { storageReads } from "./storage-reads.ts";

const CLUSTERS_MAX = 1_000;
/** Rows of live nodes, plus what a wholly dead cluster left behind. */
const NODES_MAX = 20_000;
const TYPES_MAX = 20_000;
const HOSTS_MAX = 5_000;
/** A scan of the whole `actors` table, if only of its partition keys. */
const TYPES_PAGE_TIMEOUT_MS = 10_000;
const PAGE_LIMIT_MAX = 5_000;

/**
 * DNA's tables in ScyllaDB or Cassandra. Connects with the first call and, when that fails, again with the next.
 *
 * A read that one host leaves unanswered for 2 s is tried on one more; conditional statements are sent once.
 *
 * @param clock bounds the calls in time
 */
export function createScyllaDnaStore(options: ScyllaOptions, clock: Clock): DnaStore {
  const session = createSession(createClient(options), clock);
  const { capabilities, ...keyspaceReads } = createKeyspaceReads(session, options);
  return {
    ...storeOver(session, createStatements(options.keyspace)),
    ...keyspaceReads,
    ...createCensusReads(session, options.keyspace, capabilities),
  };
}

function storeOver(
  session: ScyllaSession,
  statements: DnaStatements,
): Omit<DnaStore, "censusPage" | "keyspaceFacts" | "registerSize"> {
  const releaseOf = (key: ActorKey, owner: Incarnation): ConditionalStatement => ({
    statement: statements.release,
    params: [...keyParams(key), owner.createdAt, owner.id],
  });
  const claimOf = (key: ActorKey, { from, to, claimedAt }: Change): ConditionalStatement => ({
    statement: statements.claim,
    params: [to.createdAt, to.id, claimedAt, ...keyParams(key), from.createdAt, from.id],
  });

  return {
    async clusters() {
      const rows = await session.read({ statement: statements.clusters, params: [], rowsMax: CLUSTERS_MAX });
      return rows.map(parseCluster).sort();
    },

    async nodes(cluster) {
      const rows = await session.read({ statement: statements.nodes, params: [cluster], rowsMax: NODES_MAX });
      return rows.map(parseNodeRow);
    },

    async actorTypes() {
      const request = { statement: statements.actorTypes, params: [], rowsMax: TYPES_MAX };
      const rows = await session.read({ ...request, pageTimeoutMs: TYPES_PAGE_TIMEOUT_MS });
      return rows.map(parseActorType).sort(byNamespaceThenNumber);
    },

    actorPage: (query) => readPage(session, statements, query),

    async actor(key, consistency) {
      const request = { statement: statements.actor, params: keyParams(key), rowsMax: 1, consistency };
      const [row] = await session.read(request);
      return row === undefined ? null : parseActorRow(row);
    },

    ...storageReads(session, statements, keyParams),

    release: async (key, owner) => session.conditional([releaseOf(key, owner)]),

    releaseBatch: async (type, names, owner) =>
      session.conditional(names.map((name) => releaseOf({ ...type, name }, owner))),

    claim: async (key, from, to, claimedAt) => session.conditional([claimOf(key, { from, to, claimedAt })]),

    claimBatch: async (type, claims, from, claimedAt) =>
      session.conditional(claims.map(({ name, to }) => claimOf({ ...type, name }, { from, to, claimedAt }))),

    deleteNodeRow: async (cluster, { createdAt, id }) =>
      session.write({ statement: statements.deleteNodeRow, params: [whole(cluster), createdAt, id] }),

    databaseCluster: () => readDatabaseCluster(session),
    close: () => session.close(),
  };
}

/** Asks for one row more than the page has: whether there is one tells whether there is another page. */
async function readPage(session: ScyllaSession, statements: DnaStatements, query: ActorPageQuery): Promise<ActorPage> {
  const { type, prefix, after, limit } = query;
  if (!Number.isInteger(limit) || limit < 1 || limit > PAGE_LIMIT_MAX) {
    throw new OpsError("invalid-input", `A page has 1 to ${PAGE_LIMIT_MAX} rows, not ${limit}`);
  }
  const from = lowerBound(whole(prefix), after);
  const below = upperBoundOf(prefix);
  const bounds = [...(from.kind === "none" ? [] : [from.name]), ...(below === null ? [] : [below])];
  const rows = await session.read({
    statement: statements.actorPage(from.kind, below === null ? "none" : "below"),
    params: [whole(type.namespace), type.moduleId, ...bounds, limit + 1],
    rowsMax: limit + 1,
  });
  const shown = rows.slice(0, limit);
  const last: unknown = rows.length > limit ? shown.at(-1)?.name : undefined;
  return { rows: shown.map(parseActorRow), nextAfter: typeof last === "string" ? last : null };
}

interface Change {
  readonly from: Incarnation;
  readonly to: Incarnation;
  readonly claimedAt: EpochMs;
}

type PageStart = { readonly kind: "none" } | { readonly kind: "from" | "after"; readonly name: string };

/** Where a page starts: behind the page before, but never before the prefix. */
function lowerBound(prefix: string, after: string | null): PageStart {
  if (after !== null && compareUtf8(whole(after), prefix) >= 0) return { kind: "after", name: after };
  return prefix === "" ? { kind: "none" } : { kind: "from", name: prefix };
}

const keyParams = (key: ActorKey): readonly (string | number)[] => [
  whole(key.namespace),
  key.moduleId,
  whole(key.name),
];

/** Half a surrogate pair has no UTF-8: it would be sent as U+FFFD, which is the name of another key. */
function whole(text: string): string {
  if (text.isWellFormed()) return text;
  throw new OpsError("invalid-input", "A name has half of a surrogate pair in it, so no key can be called so");
}

async function readDatabaseCluster(session: ScyllaSession): Promise<DatabaseCluster> {
  const [local, peers, marks] = await session.readFromOneHost([
    { statement: LOCAL_HOST, params: [], rowsMax: 1 },
    { statement: PEER_HOSTS, params: [], rowsMax: HOSTS_MAX },
    { statement: SCYLLA_MARK, params: [], rowsMax: 1 },
  ]);
  const self = local?.[0];
  if (self === undefined) throw new OpsError("upstream-malformed", "The database has no row in system.local");
  const hosts = [self, ...(peers ?? [])].map((row) => parseHost(row, session.isUp));
  return {
    name: String(self.cluster_name),
    product: marks !== undefined && marks.length > 0 ? "scylla" : "cassandra",
    hosts,
  };
}

function byNamespaceThenNumber(a: ActorType, b: ActorType): number {
  if (a.namespace !== b.namespace) return a.namespace < b.namespace ? -1 : 1;
  return a.moduleId - b.moduleId;
}
