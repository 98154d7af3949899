/**
 * The way of a request at an entry node that told of itself: what it has cached, how it sees its peers, whether the
 * instance runs there. Evaluated here, on values that were only read.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server.ex `execute`, lib/dna/server/cluster.ex `server_status`.
 */
import type { EpochMs } from "#server/kernel/clock.ts";
import { type Incarnation, sameIncarnation } from "./identity.ts";
import { seconds } from "./liveness.ts";
import { judgeEntry, PEER_EXPIRE_AFTER_MS, type PeerEntry } from "./peer-verdict.ts";
import { type Branch, type OwnerRow, type PathEdge, type Product, walk, wonClaim } from "./request-walk.ts";

/** TTL of a cached owner from its insertion. */
const CACHE_TTL_MS = 60_000;
/** What ten tries sleep when the owner bears the entry node's own name: 0.1 s, 0.2 s, … 1 s. */
const OWN_NAME_PATIENCE_MS = 5_500;

/** The entry node as it told of itself, all in one moment. */
export interface AskedEntry {
  readonly incarnation: Incarnation;
  readonly node: string;
  /** What it goes by without asking the database; `ttlMs` is `null` where it did not tell. */
  readonly cached: { readonly owner: Incarnation; readonly ttlMs: number | null } | null;
  /** Since its own last finished refresh; `null` = never. */
  readonly lastRefreshMs: number | null;
  readonly peers: readonly PeerEntry[];
  /** Whether the key's instance runs there; `null` = not known. */
  readonly runs: boolean | null;
}

interface Asked {
  readonly row: OwnerRow;
  readonly product: Product;
  readonly now: EpochMs;
}

/** Walks the decision at this node, try after try. Pure and total. */
export function walkAsked(entry: AskedEntry, input: Asked): Branch {
  const { cached } = entry;
  const warning = warningOf(entry, input.row);
  if (cached === null) return { ...walkRow(entry, input, [walk("lookup")]), warning };
  const note = cached.ttlMs === null ? "up to 60 s left" : `ttl ${seconds(cached.ttlMs)}`;
  const head = [walk("lookup"), walk("cache_hit", note)];
  return { ...walkOwner(entry, cached.owner, input, head), warning };
}

/** Not cached: one read of the row. */
function walkRow(entry: AskedEntry, input: Asked, before: readonly PathEdge[]): Branch {
  const { row } = input;
  const edges = [...before, walk("cache_miss", "no entry")];
  switch (row.kind) {
    case "malformed":
      return { end: "unknown", sentence: `The owner row cannot be read: ${row.reason}.`, edges };
    case "none":
      return {
        end: "claim",
        sentence: "Nobody owns the key: this node claims it and starts the instance.",
        edges: [...edges, walk("row_none"), walk("insert_won"), walk("started")],
        possible: ["insert_lost"],
        assumptions: wonClaim(input.product),
      };
    case "owned":
      return walkOwner(entry, row.owner, input, [...edges, walk("row_found")]);
    default:
      return row satisfies never;
  }
}

function walkOwner(entry: AskedEntry, owner: Incarnation, input: Asked, before: readonly PathEdge[]): Branch {
  if (sameIncarnation(owner, entry.incarnation)) return walkHere(entry, [...before, walk("owner_me")]);
  const peer = entry.peers.find((each) => sameIncarnation(each.incarnation, owner)) ?? null;
  const edges = [...before, walk("owner_other", peer?.node ?? "not in its peer table")];
  const { lastRefreshMs } = entry;
  if (lastRefreshMs === null || lastRefreshMs >= PEER_EXPIRE_AFTER_MS) {
    return {
      end: "halt",
      sentence:
        lastRefreshMs === null
          ? "This node has never refreshed itself: its VM halts at once."
          : "This node has not refreshed itself for 10 s: its VM halts at once.",
      edges: [...edges, walk("refresh_stale", lastRefreshMs === null ? "never" : `${seconds(lastRefreshMs)} ago`)],
      assumptions: ["Should its refresh run before the message comes, it does not halt."],
    };
  }
  return walkVerdict(entry, { owner, peer }, input, [...edges, walk("refresh_fresh", `${seconds(lastRefreshMs)} ago`)]);
}

/** It is the owner by what it goes by: no database is asked any more. */
function walkHere(entry: AskedEntry, edges: readonly PathEdge[]): Branch {
  switch (entry.runs) {
    case true:
      return {
        end: "deliver",
        sentence: "The instance runs on this node: the message is delivered to it.",
        edges: [...edges, walk("instance_running", "it runs")],
      };
    case false:
      return {
        end: "start",
        sentence: "This node takes itself for the owner: it starts the instance and delivers.",
        edges: [...edges, walk("instance_absent", "it does not run"), walk("started")],
      };
    case null:
      return {
        end: "deliver",
        sentence: "This node takes itself for the owner: the message goes to its instance, started if it is not there.",
        edges,
        possible: ["instance_running", "instance_absent", "started"],
        assumptions: ["Whether an instance runs could not be read."],
      };
    default:
      return entry.runs satisfies never;
  }
}

interface Judged {
  readonly owner: Incarnation;
  readonly peer: PeerEntry | null;
}

function walkVerdict(entry: AskedEntry, { owner, peer }: Judged, input: Asked, edges: readonly PathEdge[]): Branch {
  const verdict = judgeEntry(owner, peer, input.now);
  const assumptions = peer === null ? ["The node's system time is taken as this console's."] : [];
  switch (verdict.kind) {
    case "unknown":
      return {
        end: "crash",
        sentence: "This node has not seen the owner yet: it is neither alive nor dead to it, and the caller crashes.",
        edges: [...edges, walk("verdict_unknown", verdict.note)],
        assumptions,
      };
    case "dead":
      return walkDead(entry, owner, input, [...edges, walk("verdict_dead", verdict.note)], assumptions);
    case "alive":
      if (peer?.node === entry.node) return walkOwnName(peer, [...edges, walk("verdict_same_name", verdict.note)]);
      return {
        end: "forward",
        sentence: `The owner is alive to this node: the message is forwarded to ${peer?.node ?? "it"}.`,
        edges: [...edges, walk("verdict_alive", verdict.note)],
        assumptions: ["The owner's node answers; should it be gone, the caller is told so and nothing is tried again."],
      };
    default:
      return verdict satisfies never;
  }
}

/** The claim names the old owner: it is lost when the register says another, and the next try reads the row. */
function walkDead(
  entry: AskedEntry,
  owner: Incarnation,
  input: Asked,
  edges: readonly PathEdge[],
  assumptions: readonly string[],
): Branch {
  const { row } = input;
  if (row.kind === "owned" && sameIncarnation(row.owner, owner)) {
    return {
      end: "replace",
      sentence: "The owner is dead to this node: it takes the key over and starts the instance.",
      edges: [...edges, walk("replace_won"), walk("started")],
      possible: ["replace_lost"],
      assumptions: [...assumptions, ...wonClaim(input.product)],
    };
  }
  const next = walkRow(entry, input, [...edges, walk("replace_lost", "the register says another"), walk("lookup")]);
  return { ...next, assumptions: [...assumptions, ...(next.assumptions ?? [])] };
}

function walkOwnName(peer: PeerEntry, edges: readonly PathEdge[]): Branch {
  const leftMs = PEER_EXPIRE_AFTER_MS - peer.lastChangeMs;
  const then =
    leftMs < OWN_NAME_PATIENCE_MS
      ? `unless that beats again it is dead to it in ${seconds(leftMs)}, and the key is taken over`
      : "the caller is told that the tries are used up, unless something changes";
  return {
    end: "unknown",
    sentence: `The owner is another incarnation of this node's own name: the message waits up to ${seconds(OWN_NAME_PATIENCE_MS)} in ten tries; ${then}.`,
    edges,
    possible: ["wait_over"],
  };
}

/** The node goes by an owner that the register does not name. */
function warningOf({ cached, incarnation, peers }: AskedEntry, row: OwnerRow): string | null {
  if (cached === null || row.kind === "malformed") return null;
  if (row.kind === "owned" && sameIncarnation(row.owner, cached.owner)) return null;
  const left = cached.ttlMs === null ? `up to ${seconds(CACHE_TTL_MS)}` : seconds(cached.ttlMs);
  const said = row.kind === "none" ? "nobody owns it" : "another owns it";
  if (sameIncarnation(cached.owner, incarnation)) {
    return `This node takes itself for the owner for another ${left}, while the register says ${said}: the key may run twice.`;
  }
  const name =
    peers.find((each) => sameIncarnation(each.incarnation, cached.owner))?.node ?? "an owner it does not see";
  return `This node goes by ${name} for another ${left}, while the register says ${said}.`;
}
