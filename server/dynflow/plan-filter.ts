import type { WireIn } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow.ts";
import { type EpochMs, epochMs, toIso } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { toUtcMicros } from "./codec/utc-text.ts";
import type { UtcMicros } from "./domain/model.ts";
import { lockKindOf } from "./domain/records.ts";
import type { PlanFilter } from "./ports.ts";
import type { DynflowSource } from "./source-view.ts";

/** "Since at least an hour" is the same question for so long. */
const LASTING_STEP_MS = 10_000;
const SECOND_MS = 1_000;

/** The filter as the store takes it: what holds a plan is looked up in the fold, durations become instants. */
export function toPlanFilter(
  filter: WireIn<typeof wire.planFilter>,
  source: Pick<DynflowSource, "fold">,
  now: EpochMs,
): PlanFilter {
  const { ids, states, results, label, rootClass, anyText, idStart, callerPlanId, topLevel, delayed } = filter;
  const { heldBy, minDurationSec } = filter;
  return {
    ids,
    states,
    results,
    label,
    rootClass,
    anyText,
    idStart,
    callerPlanId,
    topLevel,
    delayed,
    startedFrom: bound(filter.startedFrom),
    startedTo: bound(filter.startedTo),
    endedFrom: bound(filter.endedFrom),
    endedTo: bound(filter.endedTo),
    among: heldBy === null ? null : plansHeldBy(source, heldBy),
    lasting: minDurationSec === null ? null : { seconds: minDurationSec, startedBefore: before(now, minDurationSec) },
  };
}

function plansHeldBy(source: Pick<DynflowSource, "fold">, worldId: string): readonly string[] {
  const held = Object.values(source.fold().locks).filter((lock) => lock.worldId === worldId);
  return held.flatMap((lock) => {
    const kind = lockKindOf(lock.class);
    return (kind === "execution" || kind === "planning") && lock.planId !== null ? [lock.planId] : [];
  });
}

function before(now: EpochMs, seconds: number): UtcMicros {
  const at = Math.floor((now - seconds * SECOND_MS) / LASTING_STEP_MS) * LASTING_STEP_MS;
  return bound(toIso(epochMs(Math.max(0, at)))) ?? "";
}

function bound(text: string | null): UtcMicros | null {
  if (text === null) return null;
  const micros = toUtcMicros(text);
  if (micros === null) throw new OpsError("invalid-input", `${text} is no instant`);
  return micros;
}
