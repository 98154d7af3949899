/** What of the judgement over a source is recorded: what differs from the fold, and keys that a beating owner lost. Pure. */
import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import type { DnaFold, OwnedFold } from "#server/contract/fold/dna.ts";
import { own } from "#server/contract/fold/record.ts";
import { HEALTH_CHECKS, type HealthCheckId } from "#server/contract/view/health-checks.ts";
import { formatCount, shortIncarnation } from "#server/contract/view/words.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { HealthVerdict, Takeover } from "./health.ts";

/** What a check is about is told anew at most this often while its level stays. */
export const ABOUT_EVERY_MS = 60_000;
/** The same of its evidence alone: numbers move all the time. */
export const EVIDENCE_EVERY_MS = 15 * 60_000;

/** The events that bring the fold's checks to what was judged. */
export function healthChanges(
  fold: Pick<DnaFold, "health">,
  verdicts: ReadonlyMap<HealthCheckId, HealthVerdict>,
  now: EpochMs,
): readonly EventDraft[] {
  return HEALTH_CHECKS.flatMap(({ id }): EventDraft[] => {
    const verdict = verdicts.get(id);
    if (verdict === undefined) return [];
    const { level, evidence, about } = verdict;
    const before = own(fold.health, id);
    const change: EventDraft = {
      kind: "dna.health.changed",
      subject: id,
      occurredAt: now,
      synthetic: true,
      body: { from: before?.level ?? null, to: level, evidence, about },
    };
    if (before === undefined || before.level !== level) return [change];
    const age = now - before.at;
    if (before.about.join("\n") !== about.join("\n")) return age >= ABOUT_EVERY_MS ? [change] : [];
    return before.evidence !== evidence && age >= EVIDENCE_EVERY_MS ? [change] : [];
  });
}

/** A key that somebody looks at has another owner, though the one before has beaten all the while. */
export function takeoverOf(fold: Pick<DnaFold, "nodes">, event: JournalEvent): Takeover | null {
  if (event.kind !== "dna.actor.owner_changed") return null;
  const { from, to, name, namespace, moduleId, notKnownFrom } = event.body;
  if (from.incarnation === null || to.incarnation === null || from.incarnation === to.incarnation) return null;
  if (!beatSince(fold, from.incarnation, notKnownFrom)) return null;
  const key = `${namespace} / ${moduleId} ${name}`;
  const text = `${key} went from ${nameOf(fold, from.incarnation)}, which beat, to ${nameOf(fold, to.incarnation)}`;
  return { at: event.observedAt, text, about: key };
}

/**
 * Rows of the register are never deleted by DNA, so an owner that beat from one census to the next, and holds fewer keys
 * of a type, has lost them to others.
 */
export function takeoversBetween(
  fold: Pick<DnaFold, "nodes" | "census">,
  before: Readonly<Record<string, OwnedFold>>,
  after: Readonly<Record<string, OwnedFold>>,
): readonly Takeover[] {
  return Object.entries(before).flatMap(([id, counted]): Takeover[] => {
    const now = own(after, id);
    // Of those that are not told one by one nothing can be said.
    if (now === undefined && (fold.census === null || fold.census.otherKeys > 0)) return [];
    if (!beatSince(fold, id, counted.asOf)) return [];
    const left = new Map((now?.counts ?? []).map((count) => [`${count.moduleId}/${count.namespace}`, count.keys]));
    const lost = counted.counts.reduce(
      (sum, { moduleId, namespace, keys }) => sum + Math.max(0, keys - (left.get(`${moduleId}/${namespace}`) ?? 0)),
      0,
    );
    if (lost === 0) return [];
    const at = now?.asOf ?? fold.census?.finishedAt ?? counted.asOf;
    const text = `${nameOf(fold, id)}, which beat, holds ${formatCount(lost)} keys less than at the census before`;
    return [{ at, text, about: nameOf(fold, id) }];
  });
}

function beatSince({ nodes }: Pick<DnaFold, "nodes">, incarnation: string, since: EpochMs): boolean {
  const node = own(nodes, incarnation);
  return node !== undefined && node.state === "alive" && node.since <= since;
}

const nameOf = ({ nodes }: Pick<DnaFold, "nodes">, incarnation: string): string =>
  own(nodes, incarnation)?.node ?? shortIncarnation(incarnation);
