import {
  CONSOLE_STREAM,
  dnaStream,
  dynflowStream,
  hafStream,
  ingestStream,
  OPERATOR_STREAM,
} from "#server/contract/event.ts";
import type { VisibleStreams } from "#server/contract/visibility.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { canSee, type Principal } from "./permissions.ts";

/** Who asks, from where: what a service needs to mask, to limit to sources and to sign the journal. */
export interface Caller {
  readonly principal: Principal;
  readonly address: string;
}

/** The sources of a list that the caller may see. */
export const visible = <T extends { readonly id: string }>(caller: Caller, sources: readonly T[]): readonly T[] =>
  sources.filter((source) => canSee(caller.principal, source.id));

/**
 * The one source that was asked for. One that does not exist and one that this caller may not see give the same
 * answer, so that names cannot be guessed.
 */
export function sourceFor<T extends { readonly id: string }>(caller: Caller, sources: readonly T[], id: string): T {
  const found = visible(caller, sources).find((source) => source.id === id);
  if (found === undefined) throw new OpsError("not-found", `No source ${id}`);
  return found;
}

/** The streams a principal may see: those of its sources, and the operator's and console's own. */
export function visibleStreams(principal: Principal): VisibleStreams {
  if (principal.sources === null) return "all";
  const own = principal.sources.flatMap((id) => [dnaStream(id), dynflowStream(id), hafStream(id), ingestStream(id)]);
  return new Set([...own, OPERATOR_STREAM, CONSOLE_STREAM]);
}
