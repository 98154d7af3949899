/**
 * All that a second person agrees to beside the action and its target: every parameter of the request. Pure, shared by
 * the gate that compares and by the screens that tell.
 */
import type { JsonObject } from "#server/kernel/json.ts";
import { canonicalJson } from "./canonical.ts";

/** Every parameter of a request, by its name on the wire. */
export type ApprovalTerms = JsonObject;

/** Of a request: whom it is about, why, and its own id. Everything else is a parameter, also what is added later. */
type Subject = "source" | "incarnation" | "worldId" | "reason" | "requestId";

/** The parameters of a validated request. */
export function termsOf<T extends { readonly source: string }>(input: T): Omit<T, Subject> {
  const { source, incarnation, worldId, reason, requestId, ...terms } = input as T & Partial<Record<Subject, unknown>>;
  return terms;
}

/** One text for what comes to the same: keys in order, chosen nodes in order. */
export function canonicalTerms(terms: ApprovalTerms): string {
  const { targets } = terms;
  if (!Array.isArray(targets)) return canonicalJson(terms);
  return canonicalJson({
    ...terms,
    targets: targets.toSorted((a, b) => (canonicalJson(a) < canonicalJson(b) ? -1 : 1)),
  });
}
