import type { RequestEdgeId, RequestEnd } from "#server/contract/diagram/request-path.ts";
import type { Incarnation } from "./identity.ts";

/** What the register says of a key. */
export type OwnerRow =
  | { readonly kind: "none" }
  | { readonly kind: "owned"; readonly owner: Incarnation }
  | { readonly kind: "malformed"; readonly reason: string };

/** Which database answers; `null` = not known. */
export type Product = "cassandra" | "scylla" | "simulator" | null;

export interface PathEdge {
  readonly id: RequestEdgeId;
  /** The number or fact that chose this edge. */
  readonly note: string | null;
}

/** The way taken, and how it ends. */
export interface Branch {
  readonly end: RequestEnd;
  readonly sentence: string;
  readonly edges: readonly PathEdge[];
  readonly possible?: readonly RequestEdgeId[];
  readonly assumptions?: readonly string[];
  readonly warning?: string | null;
}

export const walk = (id: RequestEdgeId, note: string | null = null): PathEdge => ({ id, note });

/** What the entry node makes of a claim that it won: it counts the columns of the answer. */
export function wonClaim(product: Product): readonly string[] {
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
