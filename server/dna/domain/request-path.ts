/**
 * What would happen to a message for a key now: DNA's own decision, walked on what this console has read. No node is ever
 * asked to judge (its verdict function may halt its VM). Of an entry node that was asked over Erlang distribution, its
 * own cache, peer table and registry count (`request-path-asked.ts`); else it is taken as one without a cache entry, and
 * the peer table is our own.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server.ex `execute`, lib/dna/server/cluster.ex `server_status`.
 */
import {
  REQUEST_EDGE_TABLE,
  type RequestEdgeId,
  type RequestEnd,
  type RequestNodeId,
} from "#server/contract/diagram/request-path.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type Incarnation, sameIncarnation } from "./identity.ts";
import { judgePeer, type PeerSight } from "./peer-verdict.ts";
import { type AskedEntry, walkAsked } from "./request-path-asked.ts";
import { type Branch, type OwnerRow, type PathEdge, type Product, walk, wonClaim } from "./request-walk.ts";

/** The node at which the message arrives: any, a chosen one as our peer table sees it, or one that told of itself. */
export type EntryNode =
  | { readonly kind: "any" }
  | { readonly kind: "chosen"; readonly sight: PeerSight }
  | ({ readonly kind: "asked" } & AskedEntry);

export interface RequestPathInput {
  readonly row: OwnerRow;
  /** The owner as our peer table sees it; `null` only when the row names none. */
  readonly owner: PeerSight | null;
  readonly entry: EntryNode;
  /** Which database answers: it decides what the entry node makes of a claim that it won. */
  readonly product: Product;
  readonly now: EpochMs;
}

export interface RequestPath {
  readonly end: RequestEnd;
  readonly sentence: string;
  /** Walked nodes, each once. */
  readonly nodes: readonly RequestNodeId[];
  /** Walked edges, in order; one that is walked in two tries is there twice. */
  readonly edges: readonly PathEdge[];
  /** Edges that the last step may take instead, e.g. back to the start when a claim is lost. */
  readonly possible: readonly RequestEdgeId[];
  readonly assumptions: readonly string[];
  /** What is wrong at the entry node itself. */
  readonly warning: string | null;
}

/** Walks the decision. Pure and total. */
export function explainRequest(input: RequestPathInput): RequestPath {
  const { entry } = input;
  return entry.kind === "asked" ? toPath(walkAsked(entry, input)) : toPath(walkUnasked(input));
}

function toPath(branch: Branch): RequestPath {
  const { end, sentence, edges, possible = [], assumptions = [], warning = null } = branch;
  const nodes: RequestNodeId[] = ["request"];
  for (const { id } of edges) {
    const { to } = REQUEST_EDGE_TABLE[id];
    if (!nodes.includes(to)) nodes.push(to);
  }
  return { end, sentence, nodes: endingAt(nodes, edges), edges, possible, assumptions, warning };
}

/** Where the way ends stands last, also where an earlier try came through there. */
function endingAt(nodes: readonly RequestNodeId[], edges: readonly PathEdge[]): readonly RequestNodeId[] {
  const last = edges.at(-1);
  if (last === undefined) return nodes;
  const { to } = REQUEST_EDGE_TABLE[last.id];
  return [...nodes.filter((node) => node !== to), to];
}

function walkUnasked(input: RequestPathInput): Branch {
  const branch = decide(input);
  const edges = [walk("lookup"), walk("cache_miss", "taken as not cached"), ...branch.edges];
  return { ...branch, edges, assumptions: [...assumptionsOf(input), ...(branch.assumptions ?? [])] };
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

const nameOf = (sight: PeerSight | null): string => sight?.node ?? "never seen in the nodes table";
