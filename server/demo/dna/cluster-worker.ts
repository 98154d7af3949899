import { type Incarnation, toIncarnationId } from "#server/dna/domain/identity.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { Coordinator, Database, Link, StoredNode } from "./database.ts";
import type { Scheduled } from "./event-queue.ts";
import { createRandom, type Random } from "./random.ts";
import { askDatabase, type Vm } from "./vm.ts";

/** The next refresh starts this long after the last one *ended* (cluster.ex, the timer is armed again at its end). */
const REFRESH_AFTER_MS = 5_000;
/** `@expire_after` of cluster.ex: silence longer than this is death. */
const EXPIRE_AFTER_MS = 10_000;

/** A peer's verdict on an owner; `self-stale` halts the asking VM. */
export type Verdict = "alive" | "dead" | "unknown" | "self-stale";

/** DNA's cluster worker of one VM: beats, lists its peers, judges them. One life of it is one incarnation. */
export interface ClusterWorker {
  readonly incarnation: Incarnation;
  readonly id: string;
  /** Since its last finished refresh, by its own monotonic clock; infinite before the first. */
  refreshAgeMs(): number;
  judge(owner: Incarnation): Verdict;
  /** Node name under which it knows an incarnation. */
  nameOf(owner: Incarnation): string | null;
  /** Its own table as it is now: itself, and every incarnation that it has ever listed and not deleted itself. */
  table(): readonly PeerEntry[];
  /** Stands still for good while the VM works on: beats no more, notices nothing. */
  hang(): void;
  /** Sets its last refresh back to so long ago; `null` = it has never refreshed. */
  backdate(agoMs: number | null): void;
  /** Puts a peer into its table whose heartbeat it last saw change so long ago. */
  acquaint(peer: Omit<PeerEntry, "local">): void;
  /** Moves the next refresh to `delayMs` from now. */
  nudge(delayMs: number): void;
  stop(): void;
}

interface Peer {
  readonly incarnation: Incarnation;
  readonly node: string;
  heartbeat: bigint | null;
  load: number | null;
  changedAt: number;
}

/** One entry of the worker's own table. */
export interface PeerEntry {
  readonly incarnation: Incarnation;
  readonly node: string;
  readonly local: boolean;
  readonly heartbeat: bigint;
  /** By the monotonic clock of its VM. */
  readonly lastChangeMs: number;
  readonly load: number | null;
}

export interface WorkerOptions {
  readonly vm: Vm;
  readonly database: Database;
  readonly link: Link;
  readonly random: Random;
  readonly keyspace: string;
  readonly cluster: string;
  /** An incarnation that lives since before the start, `refreshedAgoMs` after its last refresh. */
  readonly since?: { readonly uptimeMs: number; readonly refreshedAgoMs: number };
  readonly onCrash: () => void;
}

export function createClusterWorker(options: WorkerOptions): ClusterWorker {
  const { vm, database, link, random, keyspace, cluster, since } = options;
  const incarnation: Incarnation = {
    createdAt: epochMs(Math.floor(vm.wall() - (since?.uptimeMs ?? 0))),
    id: random.int64(),
  };
  const id = toIncarnationId(incarnation);
  /** Deletions of others draw from a stream of their own, so that a peer's death does not shift the beats of this one. */
  const deleteLink: Link = {
    random: createRandom(random.below(2 ** 31)),
    get cut() {
      return link.cut;
    },
    latencyMs: link.latencyMs,
  };
  const peers = new Map<string, Peer>();
  let lastRefresh: number | null = since === undefined ? null : vm.monotonic() - since.refreshedAgoMs;
  let timer: Scheduled | null = null;
  let ended = false;
  let hung = false;

  let written: { readonly heartbeat: bigint; readonly load: number } | null = null;
  const row = () => ({
    incarnation,
    node: vm.name,
    heartbeat: BigInt(Math.floor(vm.monotonic())),
    load: Math.round(random.between(0.05, 1.6) * 100) / 100,
    draining: false,
  });

  /** Asks the database; the answer is for this life of the worker only, and a failure ends it. */
  function ask<T>(apply: (by: Coordinator) => T, then: (value: T) => void): void {
    askDatabase<T>(
      vm,
      (done) => database.request(link, apply, done),
      (answer) => {
        if (ended || hung) return;
        if (answer.ok) then(answer.value);
        else options.onCrash();
      },
    );
  }

  function refresh(): void {
    if (ended || hung) return;
    const own = row();
    written = own;
    ask(
      (by) => database.writeNode(keyspace, cluster, own, by, 0, vm.id),
      () => ask(() => database.nodes(keyspace, cluster), update),
    );
  }

  function add({ id: listedId, incarnation: other, node, heartbeat, load }: StoredNode): void {
    peers.set(listedId, { incarnation: other, node: node ?? "", heartbeat, load, changedAt: vm.monotonic() });
  }

  /** One that lives since before the start knows the others that do. */
  function meet(): void {
    for (const listed of database.nodes(keyspace, cluster)) if (listed.id !== id && !peers.has(listed.id)) add(listed);
  }

  function update(rows: readonly StoredNode[]): void {
    const now = vm.monotonic();
    for (const listed of rows) {
      if (listed.id === id) continue;
      const peer = peers.get(listed.id);
      if (peer === undefined) {
        add(listed);
      } else if (peer.heartbeat !== listed.heartbeat) {
        peer.heartbeat = listed.heartbeat;
        peer.load = listed.load;
        peer.changedAt = now;
      } else if (now - peer.changedAt > EXPIRE_AFTER_MS) {
        peers.delete(listed.id);
        database.request(
          deleteLink,
          (by) => database.deleteNode(keyspace, cluster, listed.id, by),
          () => undefined,
        );
      }
    }
    lastRefresh = now;
    timer = vm.after(REFRESH_AFTER_MS, refresh);
  }

  if (since === undefined) refresh();
  else {
    const own = row();
    written = own;
    database.writeNode(keyspace, cluster, own, database.pick(random), 0, vm.id);
    timer = vm.after(REFRESH_AFTER_MS - since.refreshedAgoMs, refresh);
    vm.after(0, meet);
  }

  return {
    incarnation,
    id,
    refreshAgeMs: () => (lastRefresh === null ? Number.POSITIVE_INFINITY : vm.monotonic() - lastRefresh),
    judge(owner) {
      if (lastRefresh === null || vm.monotonic() - lastRefresh >= EXPIRE_AFTER_MS) return "self-stale";
      const peer = peers.get(toIncarnationId(owner));
      if (peer !== undefined) return vm.monotonic() - peer.changedAt > EXPIRE_AFTER_MS ? "dead" : "alive";
      return vm.wall() - owner.createdAt > EXPIRE_AFTER_MS ? "dead" : "unknown";
    },
    nameOf: (owner) => peers.get(toIncarnationId(owner))?.node ?? null,
    table() {
      const now = vm.monotonic();
      const own =
        written === null
          ? []
          : [{ ...written, incarnation, node: vm.name, local: true, lastChangeMs: now - (lastRefresh ?? now) }];
      const others = [...peers.values()].map(({ incarnation: other, node, heartbeat, load, changedAt }) => ({
        ...{ incarnation: other, node, heartbeat: heartbeat ?? 0n, load },
        ...{ local: false, lastChangeMs: now - changedAt },
      }));
      return [...own, ...others];
    },
    hang() {
      hung = true;
    },
    backdate(agoMs) {
      lastRefresh = agoMs === null ? null : vm.monotonic() - agoMs;
    },
    acquaint({ lastChangeMs, ...peer }) {
      peers.set(toIncarnationId(peer.incarnation), { ...peer, changedAt: vm.monotonic() - lastChangeMs });
    },
    nudge(delayMs) {
      if (timer === null) return;
      timer.cancel();
      timer = vm.after(delayMs, refresh);
    },
    stop() {
      ended = true;
      timer?.cancel();
    },
  };
}
