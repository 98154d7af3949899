/** What a stop depends on, read anew and compared with what was seen. */

import { ownerRow } from "./actor-explain.ts";
import { lookAtOwner, type OwnerLook, toLiveView } from "./actor-live.ts";
import { type ActorKey, type Incarnation, sameIncarnation, toIncarnationId } from "./domain/identity.ts";
import type { DnaSource } from "./source-view.ts";
import { ACT_OFF, NO_EVALUATE } from "./stop-words.ts";

export interface StopLook {
  /** `null` = nobody, or not to be read. */
  readonly owner: Incarnation | null;
  readonly rowRefusal: string | null;
  readonly look: OwnerLook;
}

/** The register and the owner's node, now; `serial` for the decision itself. */
export async function lookForStop(
  source: DnaSource,
  key: ActorKey,
  consistency: "quorum" | "serial",
): Promise<StopLook> {
  const row = ownerRow(await source.store.actor(key, consistency));
  const owner = row.kind === "owned" ? row.owner : null;
  const rowRefusal =
    row.kind === "malformed"
      ? `Its owner row cannot be read: ${row.reason}.`
      : row.kind === "none"
        ? "Nobody owns the key, so there is nothing to stop."
        : null;
  return { owner, rowRefusal, look: await lookAtOwner(source, key, owner) };
}

/** Why it cannot be stopped in any way; empty = it can. */
export function stopRefusals(source: DnaSource, { rowRefusal, look }: StopLook): readonly string[] {
  return [
    ...(source.act ? [] : [ACT_OFF]),
    ...(source.beam !== null && rowRefusal !== null ? [rowRefusal] : []),
    ...lookRefusals(look, source.beam !== null && rowRefusal !== null),
  ];
}

function lookRefusals(look: OwnerLook, said: boolean): readonly string[] {
  switch (look.kind) {
    case "off":
      return said ? [] : [look.reason];
    case "unreachable":
      return [`${look.node} does not answer: ${look.reason}`];
    case "other":
      return [`${look.node} is another incarnation (${toIncarnationId(look.identity)}) than the owner of the key.`];
    case "absent":
      return ["It does not run on its owner's node: there is nothing to stop."];
    case "running":
      return [];
    default:
      return look satisfies never;
  }
}

/** Why it cannot be stopped safely. */
export const safeRefusals = (source: DnaSource): readonly string[] =>
  source.beam === null || source.beam.evaluate ? [] : [NO_EVALUATE];

/** What has moved since the operator looked; empty = nothing. */
export function movedSince(
  { owner, look }: StopLook,
  seen: { readonly owner: Incarnation; readonly ref: string },
): readonly string[] {
  const now = owner === null ? "nobody" : toIncarnationId(owner);
  return [
    ...(owner !== null && sameIncarnation(owner, seen.owner)
      ? []
      : [`Its owner was ${toIncarnationId(seen.owner)} and is ${now}`]),
    ...(look.kind === "running" && look.instance.ref !== seen.ref
      ? [`It was ${seen.ref} and is ${look.instance.ref}: it was started anew since`]
      : []),
    ...(look.kind === "absent" ? ["It does not run any more"] : []),
    ...(look.kind === "other" ? [`${look.node} is another incarnation by now`] : []),
  ];
}

/** What the look says for the wire. */
export const liveOf = ({ look }: StopLook) => toLiveView(look);
