/** What of the checks of a stack is recorded: what differs between the fold and this look. */
import type { EventDraft } from "#server/contract/event.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { judgeChecks } from "./domain/checks.ts";
import { indexFacts } from "./domain/index-facts.ts";
import { isReady } from "./domain/instance.ts";
import type { Life } from "./domain/lives.ts";
import { isInFuture, newestOf } from "./domain/zone.ts";
import type { JudgedApp } from "./reader-apps.ts";
import type { Look } from "./reader-look.ts";
import { recentOf } from "./reader-memory.ts";

/** Told when its level changes, or what it is about. */
export function checkChanges(
  look: Look,
  apps: readonly JudgedApp[],
  lives: readonly Life[],
  at: EpochMs,
): readonly EventDraft[] {
  const { fold, seen, busy, memory, containers, nowMs } = look;
  const newest = newestOf(seen.apps ?? []);
  const verdicts = judgeChecks({
    instance: seen.instance,
    busy: busy === null ? null : { forMs: nowMs - busy.since, reason: busy.reason },
    seesApps: seen.database?.seesApps ?? null,
    ready: seen.instance === null || seen.indexes === null ? null : isReady(seen.instance, seen.indexes),
    apps: apps.map(({ name, facts: { state }, context }) => ({
      ...{ name, state },
      silentMs: context === null ? null : context.asOf - context.lastActiveAt + memory.zone.correctMs,
    })),
    indexes: seen.indexes === null ? null : indexFacts(seen.indexes, memory.idle, nowMs),
    failedContainers: containers === null || containers.containers === null ? null : failedOf(lives),
    zone: { correctMs: memory.zone.correctMs, inFuture: newest !== null && isInFuture(newest) },
    recent: recentOf(memory, nowMs),
  });
  return verdicts.flatMap(({ check, level, evidence, about }): EventDraft[] => {
    const before = fold.checks[check];
    if (before?.level === level && before.about.join("\n") === about.join("\n")) return [];
    const body = { from: before?.level ?? null, to: level, evidence, about };
    return [{ kind: "haf.check.changed", subject: check, occurredAt: at, synthetic: true, body }];
  });
}

/** Containers whose last run ended badly. */
function failedOf(lives: readonly Life[]): readonly string[] {
  const latest = new Map<string, Life>();
  for (const life of lives) {
    const name = life.container?.name;
    if (name === undefined) continue;
    const known = latest.get(name);
    if (known === undefined || known.generation < life.generation) latest.set(name, life);
  }
  return [...latest].flatMap(([name, { state }]) => (state === "failed" ? name : [])).toSorted();
}
