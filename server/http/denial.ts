import { type Permission, type Principal, refusalOf } from "#server/auth/permissions.ts";
import { dnaStream, dynflowStream, type EventActor, type OperationFacts } from "#server/contract/event.ts";

const MAX_TEXT = 200;
const MAX_REASON = 500;
/** Fields of our inputs that say what is touched, the most telling first. */
const TARGET_FIELDS = ["planId", "incarnation", "worldId", "jobId", "censusId", "scenario", "source"] as const;

/**
 * A refused action as the journal keeps it. The input was not looked at by anybody yet: only short texts of known
 * fields are taken from it.
 */
export function toDenial(denial: {
  readonly path: string;
  readonly permission: Permission;
  readonly input: unknown;
  readonly principal: Principal;
  readonly address: string;
}): { readonly facts: OperationFacts; readonly actor: EventActor } {
  const { path, permission, input, principal, address } = denial;
  const source = textField(input, "source", MAX_TEXT);
  const targets = TARGET_FIELDS.map((field) => textField(input, field, MAX_TEXT));
  return {
    facts: {
      action: path,
      stream: source === null ? null : streamOf(path, source),
      target: targets.find((target) => target !== null) ?? path,
      expected: null,
      found: refusalOf(permission),
    },
    actor: {
      user: principal.id,
      role: principal.role,
      address,
      reason: textField(input, "reason", MAX_REASON) ?? "",
    },
  };
}

function streamOf(path: string, source: string): string | null {
  if (path.startsWith("dna.")) return dnaStream(source);
  return path.startsWith("dynflow.") ? dynflowStream(source) : null;
}

function textField(input: unknown, field: string, max: number): string | null {
  if (typeof input !== "object" || input === null || !Object.hasOwn(input, field)) return null;
  const value = (input as Readonly<Record<string, unknown>>)[field];
  return typeof value === "string" && value !== "" ? value.slice(0, max).toWellFormed() : null;
}
