/**
 * What one DNA node says of itself over Erlang distribution, and the few things that can be asked of it. A closed list:
 * nothing else is ever called on a node. Nodes are named by their BEAM names, which are addresses; every answer that an
 * action rests on is compared by incarnation.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server.ex, lib/dna/server/{cluster,partition}.ex; Erlang/OTP 25
 * erts/doc/src/erl_dist_protocol.xml.
 */
import type { ActorKey, ActorType, Incarnation } from "./domain/identity.ts";

/** How the console stands with one node, without asking it anything. */
export type BeamLink =
  /** No connection at present and nothing known to be wrong: it is made when something is asked. */
  | { readonly kind: "idle" }
  | { readonly kind: "connected"; readonly otpRelease: string | null }
  /** Nobody listens, or the connection broke. `retryInMs` = how long asking again is refused without trying. */
  | { readonly kind: "unreachable"; readonly reason: string; readonly retryInMs: number }
  /** The node turned us away (cookie, flags). Each attempt is an entry in its log, so the next waits for minutes. */
  | { readonly kind: "refused"; readonly reason: string; readonly retryInMs: number };

/**
 * Whether the name is registered with the port mapper of its host. `unknown` = nobody answered, or none is used: that
 * proves nothing.
 */
export type BeamRegistration =
  | { readonly kind: "registered"; readonly port: number }
  | { readonly kind: "not-registered" }
  | { readonly kind: "unknown"; readonly reason: string };

/** Calls of the closed list that a node may lack, e.g. because another release of DNA or Elixir runs there. */
export type BeamAbility =
  | "identity"
  | "partitions"
  | "instances"
  | "first-instances"
  | "inspect"
  | "peers"
  | "owner-cache"
  | "vitals"
  | "stop-forced"
  | "stop-safe"
  | "top"
  | "stop-vm";

export interface BeamAbilities {
  readonly otpRelease: string;
  /** `null` when the node does not run Elixir. */
  readonly elixir: string | null;
  /** What cannot be done there, each with the reason in words. */
  readonly missing: Readonly<Partial<Record<BeamAbility, string>>>;
}

/** One partition of a node as its supervisor names it. */
export interface BeamPartition {
  readonly index: number;
  readonly alive: boolean;
  /** Instances in its registry; `null` when the registry is not there. */
  readonly running: number | null;
}

export interface BeamVitals {
  readonly processes: number;
  readonly processLimit: number;
  readonly atoms: number;
  readonly atomLimit: number;
  readonly runQueue: number;
  readonly schedulersOnline: number;
  readonly memoryBytes: {
    readonly total: number;
    readonly processes: number;
    readonly binary: number;
    readonly ets: number;
    readonly atom: number;
  };
  readonly uptimeMs: number;
}

/** One entry of a node's own peer table. All ages are by that node's monotonic clock. */
export interface BeamPeer {
  readonly incarnation: Incarnation;
  readonly node: string;
  readonly local: boolean;
  readonly heartbeat: bigint;
  /** Since this node last saw its heartbeat change. */
  readonly lastChangeMs: number;
  readonly load: number | null;
}

export interface BeamPeerTable {
  readonly peers: readonly BeamPeer[];
  /** Since its own last finished refresh; `null` = it has never refreshed. From 10 s on a request may halt its VM. */
  readonly lastRefreshMs: number | null;
  /** Entries that could not be read as what they should be. */
  readonly unreadable: number;
}

/** What a node's cache says of a key; it goes by it for `ttlMs` without asking the database. */
export interface BeamCachedOwner {
  readonly owner: Incarnation;
  /** `null` when the node does not tell. */
  readonly ttlMs: number | null;
}

/** Where a key's instance is on a node. `ref` is good for one life of that process. */
export interface BeamInstance {
  readonly key: ActorKey;
  readonly partition: number;
  /** The process as text, e.g. `<0.312.0>`; an opaque name to everybody but the adapter. */
  readonly ref: string;
}

export interface BeamInstanceQuery {
  readonly partition: number;
  /** `null` = of every type. */
  readonly type: ActorType | null;
  /** Names that start with this text; empty = all. */
  readonly prefix: string;
  /** Names from this one on, compared as UTF-8 bytes; left out = from the first. */
  readonly from?: string;
  /** Names before this one, compared likewise; left out = to the last. */
  readonly below?: string;
  /** 1 to 5,000. */
  readonly limit: number;
}

export interface BeamInstancePage {
  readonly instances: readonly BeamInstance[];
  /** There were more than the limit. */
  readonly more: boolean;
}

/** What the VM knows of a process; `null` when it has ended. */
export interface BeamProcess {
  readonly memoryBytes: number;
  readonly mailbox: number;
  readonly reductions: number;
  readonly status: string;
  readonly currentFunction: string | null;
}

/** State of an instance as far as it is safe to ask for it. */
export type BeamBacklog =
  | {
      readonly kind: "known";
      readonly phase: "initialising" | "idle" | "pending_storage";
      /** Accepted events not handled yet; with the mailbox the real backlog. */
      readonly buffered: number;
      readonly mailbox: number;
      readonly memoryBytes: number;
    }
  /** It is inside a callback, and answers nobody until that ends. */
  | { readonly kind: "busy"; readonly mailbox: number; readonly memoryBytes: number }
  /** Its state is too large to be copied, and nothing may be evaluated there. */
  | { readonly kind: "too-large"; readonly mailbox: number; readonly memoryBytes: number }
  | { readonly kind: "ended" };

export interface BeamTopEntry {
  readonly instance: BeamInstance;
  /** Mailbox; with `evaluate` also what is buffered where that could be read. */
  readonly mailbox: number;
  readonly buffered: number | null;
  readonly memoryBytes: number;
}

/**
 * What became of one stop. `unknown` = it may or may not have been carried out (time-out, connection lost after it was
 * sent): only a look into the registry settles it; it is never sent again by itself.
 */
export type BeamStopOutcome =
  | { readonly kind: "stopped" }
  /** It was not idle until the deadline, runs on, and is not suspended. */
  | { readonly kind: "busy"; readonly buffered: number | null; readonly mailbox: number | null }
  /** No instance, or another process than the one that was seen. */
  | { readonly kind: "moved"; readonly detail: string }
  | { readonly kind: "unknown"; readonly reason: string };

/**
 * The closed list. Every call is bounded in time, answer and rows, leaves no process behind on the node, and throws
 * `OpsError`: `upstream-unavailable` (no connection, or no answer in time), `upstream-malformed` (an answer of another
 * shape), `refused` where the node lacks the ability or the link waits before it tries again, `limit-exceeded` rather than a cut answer. Mutating calls
 * never throw once something was sent: they answer `unknown`.
 */
export interface DnaBeam {
  /** Whether short constant texts may be evaluated on nodes; without it `stop-safe` and `top` are not there. */
  readonly evaluate: boolean;
  link(node: string): BeamLink;
  registration(node: string): Promise<BeamRegistration>;
  abilities(node: string): Promise<BeamAbilities>;
  /** Which incarnation the node is at present. Also the ping of the link. */
  identity(node: string): Promise<Incarnation>;
  partitions(node: string): Promise<readonly BeamPartition[]>;
  vitals(node: string): Promise<BeamVitals>;
  peers(node: string): Promise<BeamPeerTable>;
  /**
   * Since its own last finished refresh, in ms by its own clock; `null` = it has never refreshed. The same as in `peers`
   * without the table, which is long in a large cluster: one row of `Dna.Server.Cluster` and its monotonic time.
   */
  lastRefresh(node: string): Promise<number | null>;
  cachedOwner(node: string, key: ActorKey): Promise<BeamCachedOwner | null>;
  /** The running instance of a key on this node; `null` when there is none. */
  instance(node: string, key: ActorKey): Promise<BeamInstance | null>;
  instances(node: string, query: BeamInstanceQuery): Promise<BeamInstancePage>;
  /** In the order asked for; at most 5,000 at once. */
  inspect(node: string, instances: readonly BeamInstance[]): Promise<readonly (BeamProcess | null)[]>;
  backlog(node: string, instance: BeamInstance): Promise<BeamBacklog>;
  /** The instances with the largest mailboxes of a partition (`null` = of the node), found on the node. Needs `evaluate`. */
  top(node: string, partition: number | null, limit: number): Promise<readonly BeamTopEntry[]>;
  /** Ends it at once: mailbox and buffer are lost. */
  stopForced(node: string, instance: BeamInstance): Promise<BeamStopOutcome>;
  /** Ends it when it is idle and empty, looked at and ended in one call on the node. Needs `evaluate`. */
  stopSafe(node: string, instance: BeamInstance, deadlineMs: number): Promise<BeamStopOutcome>;
  /** Asks the VM to shut down in order (`stop`) or at once (`halt`). */
  stopVm(node: string, how: "stop" | "halt"): Promise<BeamStopOutcome>;
  /** Empties the node's cache of owners: it asks the database again. */
  clearOwnerCache(node: string): Promise<void>;
  /** Ends every connection. */
  close(): Promise<void>;
}

/** Most instances of one `instances` or `inspect`. */
export const BEAM_INSTANCES_MAX = 5_000;
