/**
 * The way of one request through DNA, as nodes and edges with fixed ids. One frozen table: the explainer
 * (`server/dna/domain/request-path.ts`) walks it, the diagram is drawn from it.
 *
 * Source: cleaton/dna@9b5aab5 lib/dna/server.ex (`execute`), lib/dna/server/partition.ex (claims),
 * lib/dna/server/cluster.ex (the verdict on a peer).
 */

export const REQUEST_NODES = [
  "request",
  "cache",
  "row",
  "owner",
  "registry",
  "deliver",
  "start",
  "insert",
  "refresh",
  "halt",
  "verdict",
  "forward",
  "wait",
  "replace",
  "crash",
] as const;
export type RequestNodeId = (typeof REQUEST_NODES)[number];

export interface RequestNode {
  readonly label: string;
  /** `question` branches, `database` is a round trip to it, `end` leaves the entry node's hands. */
  readonly shape: "step" | "question" | "database" | "end";
}

export const REQUEST_NODE_TABLE: Readonly<Record<RequestNodeId, RequestNode>> = Object.freeze({
  request: { label: "request at the entry node", shape: "step" },
  cache: { label: "cached owner?", shape: "question" },
  row: { label: "read the owner row", shape: "database" },
  owner: { label: "who is the owner?", shape: "question" },
  registry: { label: "instance in the registry?", shape: "question" },
  deliver: { label: "deliver", shape: "end" },
  start: { label: "start the instance", shape: "step" },
  insert: { label: "claim: insert if absent", shape: "database" },
  refresh: { label: "own refresh under 10 s old?", shape: "question" },
  halt: { label: "the entry VM halts", shape: "end" },
  verdict: { label: "peer table: owner alive?", shape: "question" },
  forward: { label: "forward to the owner", shape: "end" },
  wait: { label: "sleep, then try again", shape: "step" },
  replace: { label: "claim: replace the dead owner", shape: "database" },
  crash: { label: "the caller crashes", shape: "end" },
});

export const REQUEST_EDGES = [
  "lookup",
  "cache_hit",
  "cache_miss",
  "row_none",
  "row_found",
  "owner_me",
  "owner_other",
  "instance_running",
  "instance_absent",
  "started",
  "insert_won",
  "insert_lost",
  "refresh_stale",
  "refresh_fresh",
  "verdict_alive",
  "verdict_same_name",
  "wait_over",
  "verdict_dead",
  "replace_won",
  "replace_lost",
  "verdict_unknown",
] as const;
export type RequestEdgeId = (typeof REQUEST_EDGES)[number];

export interface RequestEdge {
  readonly from: RequestNodeId;
  readonly to: RequestNodeId;
  readonly label: string;
  /** Goes back to the start: it uses up one of the ten tries. */
  readonly loop: boolean;
}

const edge = (from: RequestNodeId, to: RequestNodeId, label: string): RequestEdge =>
  Object.freeze({ from, to, label, loop: to === "request" });

export const REQUEST_EDGE_TABLE: Readonly<Record<RequestEdgeId, RequestEdge>> = Object.freeze({
  lookup: edge("request", "cache", ""),
  cache_hit: edge("cache", "owner", "yes, time left"),
  cache_miss: edge("cache", "row", "no"),
  row_none: edge("row", "insert", "none"),
  row_found: edge("row", "owner", "found"),
  owner_me: edge("owner", "registry", "me"),
  owner_other: edge("owner", "refresh", "another"),
  instance_running: edge("registry", "deliver", "yes"),
  instance_absent: edge("registry", "start", "no"),
  started: edge("start", "deliver", "started"),
  insert_won: edge("insert", "start", "won"),
  insert_lost: edge("insert", "request", "lost"),
  refresh_stale: edge("refresh", "halt", "no"),
  refresh_fresh: edge("refresh", "verdict", "yes"),
  verdict_alive: edge("verdict", "forward", "alive"),
  verdict_same_name: edge("verdict", "wait", "alive, my own name"),
  wait_over: edge("wait", "request", "slept"),
  verdict_dead: edge("verdict", "replace", "dead"),
  replace_won: edge("replace", "start", "won"),
  replace_lost: edge("replace", "request", "lost"),
  verdict_unknown: edge("verdict", "crash", "unknown"),
});

/** How the way ends, as far as it can be told; `unknown` = not from what this console can read. */
export const REQUEST_ENDS = ["deliver", "start", "forward", "claim", "replace", "halt", "crash", "unknown"] as const;
export type RequestEnd = (typeof REQUEST_ENDS)[number];
