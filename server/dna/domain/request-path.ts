/**
 * What would happen to a message for a key now: DNA's own decision, walked on what this console has read. Nothing is
 * asked of a node (its verdict function may halt its VM): the entry node is taken as one without a cache entry, and the
 * peer table is our own.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server.ex `execute`, lib/dna/server/cluster.ex `server_status`.
 */
import type { LifecycleState } from "#server/contract/diagram/dna-lifecycle.ts";
import {
  REQUEST_EDGE_TABLE,
  type RequestEdgeId,
  type RequestEnd,
  type RequestNodeId,
} from "#server/contract/diagram/request-path.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type Incarnation, sameIncarnation } from "./identity.ts";
import { seconds } from "./liveness.ts";

/** `@expire_after` of cluster.ex: silence, or age of an unseen identity, *over* this is death to a peer. */
export const PEER_EXPIRE_AFTER_MS = 10_000;

export type OwnerRow =
  | { readonly kind: "none" }
  | { readonly kind: "owned"; readonly owner: Incarnation }
  | { readonly kind: "malformed"; readonly reason: string };

/** What our own peer table says of an incarnation. */
export interface PeerSight {
  readonly incarnation: Incarnation;
  /** `null` = never seen in `nodes`. */
  readonly node: string | null;
  /** `null` = never seen in `nodes`. */
  readonly state: LifecycleState | null;
  /** Silence counted by us, in ms. */
  readonly silentMs: number;
}

/** The node at which the message arrives: any, or a chosen one as our peer table sees it. */
export type EntryNode = { readonly kind: "any" } | { readonly kind: "chosen"; readonly sight: PeerSight };

export interface RequestPathInput {
  readonly row: OwnerRow;
  /** The owner as our peer table sees it; `null` only when the row names none. */
  readonly owner: PeerSight | null;
  readonly entry: EntryNode;
  /** Which database answers: it decides what the entry node makes of a claim that it won. */
  readonly product: "cassandra" | "scylla" | "simulator" | null;
  readonly now: EpochMs;
}

export interface PathEdge {
  readonly id: RequestEdgeId;
  /** The number or fact that chose this edge. */
  readonly note: string | null;
}

export interface RequestPath {
  readonly end: RequestEnd;
  readonly sentence: string;
  /** Walked nodes and edges, in order. */
  readonly nodes: readonly RequestNodeId[];
  readonly edges: readonly PathEdge[];
  /** Edges that the last step may take instead, e.g. back to the start when a claim is lost. */
  readonly possible: readonly RequestEdgeId[];
  readonly assumptions: readonly string[];
}

interface Branch {
  readonly end: RequestEnd;
  readonly sentence: string;
  readonly edges: readonly PathEdge[];
  readonly possible?: readonly RequestEdgeId[];
  readonly assumptions?: readonly string[];
}

const walk = (id: RequestEdgeId, note: string | null = null): PathEdge => ({ id, note });

/** Walks the decision. Pure and total. */
export function explainRequest(input: RequestPathInput): RequestPath {
  const branch = decide(input);
  const edges = [walk("lookup"), walk("cache_miss", "taken as not cached"), ...branch.edges];
  const nodes: RequestNodeId[] = ["request"];
  for (const { id } of edges) {
    const { to } = REQUEST_EDGE_TABLE[id];
    if (!nodes.includes(to)) nodes.push(to);
  }
  const assumptions = [...assumptionsOf(input), ...(branch.assumptions ?? [])];
  const { end, sentence, possible = [] } = branch;
  return { end, sentence, nodes, edges, possible, assumptions };
}

function assumptionsOf(input: RequestPathInput): readonly string[] {
  const common = "The entry node holds no cached owner of this key; a cached one is good for up to 60 s.";
  if (input.entry.kind === "chosen") return [common];
  return [
    common,
    "The entry node is a healthy one other than the owner; at the owner itself the message would be delivered, or the instance started.",
    "The entry node's peer table agrees with this console's; each peer polls on its own and may differ for some seconds.",
  ];
}

function decide(input: RequestPathInput): Branch {
  const { row } = input;
  if (row.kind === "malformed") {
    return { end: "unknown", sentence: `The owner row cannot be read: ${row.reason}.`, edges: [] };
  }
  if (row.kind === "none") {
    return {
      end: "claim",
      sentence: "Nobody owns the key: the entry node claims it and starts the instance.",
      edges: [walk("row_none"), walk("insert_won"), walk("started")],
      possible: ["insert_lost"],
      assumptions: wonClaim(input.product),
    };
  }
  if (input.entry.kind === "chosen" && sameIncarnation(input.entry.sight.incarnation, row.owner)) return atOwner();
  return atAnother(input, row.owner);
}

/** At the owner: the registry decides, which only the node can tell; both ways end in a delivery. */
function atOwner(): Branch {
  return {
    end: "deliver",
    sentence:
      "The entry node owns the key: the message goes to its instance, which is started first if it is not there.",
    edges: [walk("row_found"), walk("owner_me")],
    possible: ["instance_running", "instance_absent", "started"],
    assumptions: ["Whether an instance runs is known to the node only."],
  };
}

function atAnother(input: RequestPathInput, owner: Incarnation): Branch {
  const head = [walk("row_found"), walk("owner_other", nameOf(input.owner))];
  const { entry } = input;
  if (entry.kind === "chosen") {
    const verdict = judgePeer(entry.sight, input.now);
    if (verdict.kind === "unjudged") {
      return { end: "unknown", sentence: "The entry node itself is not judged at present.", edges: head };
    }
    if (verdict.kind !== "alive") {
      return {
        end: "halt",
        sentence: "The entry node has not refreshed itself for over 10 s: its VM halts at once.",
        edges: [...head, walk("refresh_stale", verdict.note)],
        assumptions: ["Taken from the beats this console saw; the node measures its own refresh."],
      };
    }
  }
  const fresh = [...head, walk("refresh_fresh")];
  const sight = input.owner ?? { incarnation: owner, node: null, state: null, silentMs: 0 };
  return byVerdict(input, sight, fresh);
}

function byVerdict(input: RequestPathInput, sight: PeerSight, edges: readonly PathEdge[]): Branch {
  const verdict = judgePeer(sight, input.now);
  switch (verdict.kind) {
    case "unjudged":
      return { end: "unknown", sentence: `Not known: the owner is not judged at present (${verdict.note}).`, edges };
    case "unknown":
      return {
        end: "crash",
        sentence:
          "The entry node has not seen the owner yet: it is neither alive nor dead to it, and the caller crashes.",
        edges: [...edges, walk("verdict_unknown", verdict.note)],
      };
    case "dead":
      return {
        end: "replace",
        sentence: "The owner is dead to its peers: the entry node takes the key over and starts the instance.",
        edges: [...edges, walk("verdict_dead", verdict.note), walk("replace_won"), walk("started")],
        possible: ["replace_lost"],
        assumptions: wonClaim(input.product),
      };
    case "alive":
      if (input.entry.kind === "chosen" && input.entry.sight.node === sight.node && sight.node !== null) {
        return {
          end: "unknown",
          sentence:
            "The owner beats under the entry node's own name: the message waits and tries again, up to ten times.",
          edges: [...edges, walk("verdict_same_name", verdict.note)],
          possible: ["wait_over"],
        };
      }
      return {
        end: "forward",
        sentence: "The owner is alive: the message is forwarded to it.",
        edges: [...edges, walk("verdict_alive", verdict.note)],
      };
    default:
      return verdict satisfies never;
  }
}

export type PeerVerdict =
  | { readonly kind: "alive"; readonly note: string }
  | { readonly kind: "dead"; readonly note: string }
  | { readonly kind: "unknown"; readonly note: string }
  | { readonly kind: "unjudged"; readonly note: string };

/** A peer's verdict on an incarnation, if its table were ours. */
export function judgePeer(sight: PeerSight, now: EpochMs): PeerVerdict {
  switch (sight.state) {
    case "alive":
    case "returned":
      return { kind: "alive", note: `last change ${seconds(sight.silentMs)} ago` };
    case "late":
    case "silent":
      return { kind: "dead", note: `last change over ${seconds(Math.max(sight.silentMs, PEER_EXPIRE_AFTER_MS))} ago` };
    case "observing":
      return { kind: "unjudged", note: `watched for ${seconds(sight.silentMs)}` };
    case "gone":
    case null: {
      const ageMs = now - sight.incarnation.createdAt;
      const note = `not in the table, created ${seconds(ageMs)} ago`;
      return ageMs > PEER_EXPIRE_AFTER_MS ? { kind: "dead", note } : { kind: "unknown", note };
    }
    default:
      return sight.state satisfies never;
  }
}

const nameOf = (sight: PeerSight | null): string => sight?.node ?? "never seen in the nodes table";

/** What the entry node makes of a claim that it won: it counts the columns of the answer. */
function wonClaim(product: RequestPathInput["product"]): readonly string[] {
  switch (product) {
    case "scylla":
    case "simulator":
      return [
        "On ScyllaDB a claim that was won looks lost once: the way goes round and finds the entry node as owner.",
      ];
    case "cassandra":
      return ["On Apache Cassandra the message that won the claim raises in its caller; its repetition is delivered."];
    case null:
      return [];
    default:
      return product satisfies never;
  }
}
