/** What became of one key of a failover, for its record, its journal and its counts. */
import { actorTarget } from "#server/contract/actor-key.ts";
import type { TargetOutcome } from "#server/jobs/ports.ts";
import type { Clock, EpochMs } from "#server/kernel/clock.ts";
import {
  type ActorKey,
  type ActorType,
  type IncarnationId,
  sameIncarnation,
  toIncarnationId,
} from "./domain/identity.ts";
import type { FailoverParams } from "./failover-params.ts";
import { type Attempt, attemptOf, type Pending } from "./failover-round.ts";
import { type ActorRow, isMalformed, type MalformedRow } from "./ports.ts";

/** A key that changed hands by this job, as soon as it is known. */
export interface KeyChange {
  readonly key: ActorKey;
  /** Whom it was given to; `null` = released. */
  readonly to: IncarnationId | null;
  readonly claimedAt: EpochMs | null;
}

/** What became of one key; `change` only where it changed hands. */
export interface Settled {
  readonly outcome: TargetOutcome;
  readonly change: Attempt | null;
}

export interface KeyOutcomes {
  /** What a serial read says of a key for which this was sent; `null` = it is still the dead owner's. */
  judge(type: ActorType, key: Pending, row: ActorRow | MalformedRow | null): Settled | null;
  /** It changed hands by this job. */
  changed(type: ActorType, change: Attempt & { readonly name: string }, how: string | null): Settled;
  /** It did not. */
  left(type: ActorType, name: string, outcome: TargetOutcome["outcome"], note: string): Settled;
}

export function createOutcomes(
  params: FailoverParams,
  deps: { readonly clock: Clock; onKey(change: KeyChange): void },
): KeyOutcomes {
  const { clock } = deps;

  const told = (
    type: ActorType,
    name: string,
    outcome: TargetOutcome["outcome"],
    note: string | null,
  ): TargetOutcome => ({ key: actorTarget({ ...type, name }), outcome, note, at: clock.now() });

  function named(id: IncarnationId): string {
    const node = params.targets?.find(({ incarnationId }) => incarnationId === id)?.node;
    return node === undefined ? id : `${node} (${id})`;
  }

  function changed(type: ActorType, change: Attempt & { readonly name: string }, how: string | null): Settled {
    const { name, to, claimedAt } = change;
    deps.onKey({ key: { ...type, name }, to, claimedAt });
    const given = to === null ? null : `given to ${named(to)}`;
    const note = [given, how].filter((part) => part !== null).join(", ");
    return { outcome: told(type, name, "applied", note === "" ? null : note), change: attemptOf(change) };
  }

  const left = (type: ActorType, name: string, outcome: TargetOutcome["outcome"], note: string): Settled => ({
    outcome: told(type, name, outcome, note),
    change: null,
  });

  return {
    changed,
    left,
    judge(type, { name, sent }, row) {
      if (row === null) {
        if (sent.some(({ to }) => to === null)) return changed(type, { name, ...RELEASED }, SERIAL_READ);
        return left(type, name, "moved", "its row is gone");
      }
      if (isMalformed(row)) return left(type, name, "failed", row.reason);
      if (row.owner === null) return left(type, name, "moved", "the row has no owner");
      if (sameIncarnation(row.owner, params.owner)) return null;
      const owner = toIncarnationId(row.owner);
      // A node that took the key over by itself wrote another instant.
      const ours = sent.find(({ to, claimedAt }) => to === owner && claimedAt === row.claimedAt);
      if (ours !== undefined) return changed(type, { name, ...ours }, SERIAL_READ);
      return left(type, name, "moved", `owned by ${named(owner)} by then`);
    },
  };
}

const RELEASED: Attempt = { to: null, claimedAt: null };
const SERIAL_READ = "settled by a serial read";
