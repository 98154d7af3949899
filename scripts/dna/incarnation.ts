import { randomBytes } from "node:crypto";
import type { Client, types } from "cassandra-driver";
import { quoteKeyspace } from "#server/dna/adapters/scylla/identifier.ts";
import { type ActorKey, type Incarnation, type IncarnationId, toIncarnationId } from "#server/dna/domain/identity.ts";
import { type Clock, epochMs, type MonotonicMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";

/** cleaton/dna@9b5aab5 lib/dna/server/cluster.ex: the timer is armed again when a refresh is done. */
const REFRESH_MS = 5_000;
/** `@expire_after` and `@alive_threshold` there. */
const EXPIRE_AFTER_MS = 10_000;
/** A database that is busy may not answer the first refresh in time; the same row is then written again. */
const BOOT_ATTEMPTS = 5;
/** Where the monotonic clock of a 64-bit BEAM starts: -2^59 ns. */
const BEAM_MONOTONIC_START_MS = -576_460_752_303n;

/** What became of one request for a key, seen from the node that was asked. */
export type Served = "claimed" | "taken-over" | "mine" | "forwarded" | "lost" | "unknown-owner" | "halted";

/**
 * One DNA node as its database sees it: it inserts its row every 5 s and a bit, reads its peers, deletes the rows of
 * those whose heartbeat it has not seen change for over 10 s, and claims keys by conditional writes. There is no BEAM
 * behind it. Unlike a real one it outlives a database that does not answer, with its identity.
 */
export interface DnaIncarnation {
  readonly identity: Incarnation;
  readonly id: IncarnationId;
  readonly node: string;
  state(): "beating" | "frozen" | "dead";
  /** What a message to this key would do if it arrived here. */
  request(key: ActorKey): Promise<Served>;
  /** `kill -9`: nothing more is written, nothing is tidied up. */
  kill(): Promise<void>;
  /** SIGSTOP: as dead, until `thaw`, which goes on under the same identity. */
  freeze(): void;
  thaw(): void;
}

export interface DnaNodeOptions {
  /** With 64-bit numbers as `bigint` and server-side timestamps (`createClient` of the adapter). */
  readonly client: Pick<Client, "execute">;
  readonly keyspace: string;
  readonly cluster: string;
  /** BEAM node name. */
  readonly node: string;
  /** Told of each key that this node has come to own, and from whom; `null` = from nobody. */
  readonly onClaim?: (key: ActorKey, from: IncarnationId | null) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Peer {
  readonly heartbeat: bigint;
  readonly changedAt: MonotonicMs;
}

/** Boots a node: resolves after its first refresh, as a real one only then serves. */
export async function startIncarnation(options: DnaNodeOptions): Promise<DnaIncarnation> {
  const { client, cluster, node, clock, log } = options;
  const statements = statementsOf(quoteKeyspace(options.keyspace));
  const identity: Incarnation = { createdAt: epochMs(clock.now()), id: randomBytes(8).readBigInt64LE() };
  const id = toIncarnationId(identity);
  const peers = new Map<IncarnationId, Peer>();
  const end = new AbortController();
  let frozen: PromiseWithResolvers<void> | undefined;
  let refreshedAt: MonotonicMs | undefined;

  const run = (statement: string, params: readonly unknown[]): Promise<types.ResultSet> =>
    client.execute(statement, [...params], { prepare: true });

  async function refresh(): Promise<void> {
    const heartbeat = BEAM_MONOTONIC_START_MS + BigInt(Math.floor(clock.monotonic()));
    await run(statements.beat, [cluster, identity.createdAt, identity.id, node, heartbeat, 0.5, false]);
    const { rows } = await run(statements.peers, [cluster]);
    for (const row of rows) {
      const peer: Incarnation = { createdAt: epochMs(row.created_at.getTime()), id: row.id };
      await observe(peer, row.heartbeat);
    }
    refreshedAt = clock.monotonic();
  }

  /** Only a change counts; a first sighting is one. Every peer deletes, so nobody waits for the answer. */
  async function observe(peer: Incarnation, heartbeat: bigint): Promise<void> {
    const peerId = toIncarnationId(peer);
    const now = clock.monotonic();
    const known = peers.get(peerId);
    if (known === undefined || known.heartbeat !== heartbeat) peers.set(peerId, { heartbeat, changedAt: now });
    else if (peerId !== id && now - known.changedAt > EXPIRE_AFTER_MS) {
      peers.delete(peerId);
      await run(statements.forget, [cluster, peer.createdAt, peer.id]);
    }
  }

  async function beat(): Promise<void> {
    while (!end.signal.aborted) {
      await clock.sleep(REFRESH_MS, end.signal);
      await frozen?.promise;
      end.signal.throwIfAborted();
      await refresh().catch((cause: unknown) => log.warn("dna.refresh.failed", { node, cause }));
    }
  }

  function verdict(owner: Incarnation): "alive" | "dead" | "unknown" {
    const known = peers.get(toIncarnationId(owner));
    if (known !== undefined) return clock.monotonic() - known.changedAt > EXPIRE_AFTER_MS ? "dead" : "alive";
    return clock.now() - EXPIRE_AFTER_MS > owner.createdAt ? "dead" : "unknown";
  }

  async function takeOver(key: ActorKey, owner: Incarnation): Promise<Served> {
    const claim = [identity.createdAt, identity.id, clock.now()];
    const params = [...claim, key.namespace, key.moduleId, key.name, owner.createdAt, owner.id];
    if (!isApplied(await run(statements.replace, params))) return "lost";
    options.onClaim?.(key, toIncarnationId(owner));
    return "taken-over";
  }

  for (let attempt = 1; refreshedAt === undefined; attempt += 1) {
    await refresh().catch((cause: unknown) => {
      if (attempt === BOOT_ATTEMPTS) throw cause;
      log.warn("dna.refresh.failed", { node, cause });
    });
  }
  const beating = beat().catch((cause: unknown) => {
    if (!end.signal.aborted) throw cause;
  });

  return {
    identity,
    id,
    node,
    state: () => (end.signal.aborted ? "dead" : frozen === undefined ? "beating" : "frozen"),
    async request(key) {
      if (end.signal.aborted || frozen !== undefined) throw new Error(`${node} does not run`);
      const { namespace, moduleId, name } = key;
      const [row] = (await run(statements.whereIs, [namespace, moduleId, name])).rows;
      if (row === undefined || row.node_id === null || row.node_created === null) {
        const params = [namespace, moduleId, name, identity.createdAt, identity.id, clock.now()];
        if (!isApplied(await run(statements.claim, params))) return "lost";
        options.onClaim?.(key, null);
        return "claimed";
      }
      const owner: Incarnation = { createdAt: epochMs(row.node_created.getTime()), id: row.node_id };
      if (toIncarnationId(owner) === id) return "mine";
      if (refreshedAt === undefined || clock.monotonic() - refreshedAt >= EXPIRE_AFTER_MS) {
        end.abort(new Error("halted: its own refresh is too old"));
        return "halted";
      }
      const judged = verdict(owner);
      if (judged === "dead") return takeOver(key, owner);
      return judged === "alive" ? "forwarded" : "unknown-owner";
    },
    async kill() {
      end.abort(new Error("killed"));
      frozen?.resolve();
      await beating;
    },
    freeze() {
      frozen ??= Promise.withResolvers<void>();
    },
    thaw() {
      frozen?.resolve();
      frozen = undefined;
    },
  };
}

/** The statements of cleaton/dna@9b5aab5 lib/dna/db/nodes.ex and lib/dna/db/actors.ex, in their meaning. */
function statementsOf(keyspace: string) {
  const owner = "node_created = ?, node_id = ?";
  return {
    beat: `INSERT INTO ${keyspace}.nodes (cluster, created_at, id, node, heartbeat, load, draining) VALUES (?, ?, ?, ?, ?, ?, ?)`,
    peers: `SELECT created_at, id, heartbeat FROM ${keyspace}.nodes WHERE cluster = ?`,
    forget: `DELETE FROM ${keyspace}.nodes WHERE cluster = ? AND created_at = ? AND id = ?`,
    whereIs: `SELECT node_created, node_id FROM ${keyspace}.actors WHERE namespace = ? AND module_id = ? AND name = ?`,
    claim:
      `INSERT INTO ${keyspace}.actors (namespace, module_id, name, node_created, node_id, claimed_at) ` +
      "VALUES (?, ?, ?, ?, ?, ?) IF NOT EXISTS",
    replace:
      `UPDATE ${keyspace}.actors SET ${owner}, claimed_at = ? WHERE namespace = ? AND module_id = ? AND name = ? ` +
      "IF node_created = ? AND node_id = ?",
  };
}

const isApplied = (result: types.ResultSet): boolean => result.first()?.get("[applied]") === true;
