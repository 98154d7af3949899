/** Findings about plans: equal ones are one finding that stands for all of them. */
import type { StreamName } from "#server/contract/event.ts";
import type { PlanFold } from "#server/contract/fold/dynflow.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import { type Finding, type NeedKind, type PlanOffer, type Severity, sourceOf } from "./need.ts";
import { plural, shortId, splitClassName } from "./words.ts";

export type PlanEntry = readonly [planId: string, plan: PlanFold];

/** A job takes no more plans than this. */
const OFFERED_PLANS_MAX = 10_000;

/** What a plan is known by: its root action's class, else its label. */
export const planClassOf = ({ rootActionClass, label }: PlanFold): string =>
  rootActionClass ?? label ?? "unknown class";

export interface GroupWords {
  readonly kind: NeedKind;
  readonly severity: Severity;
  readonly since: (plan: PlanFold) => EpochMs;
  /** Said after `Plan <class>`, and after `<n> plans of <class>`. */
  readonly one: string;
  readonly many: string;
  readonly evidence: (plan: PlanFold) => readonly string[];
  readonly remedy: string;
  readonly offer?: PlanOffer["verb"];
}

/** One finding for each class among these plans, the oldest first in it. */
export function groupedByClass(
  stream: StreamName,
  entries: readonly PlanEntry[],
  words: GroupWords,
): readonly Finding[] {
  return [...Map.groupBy(entries, ([, plan]) => planClassOf(plan))].map(([name, group]) =>
    groupFinding(stream, name, group, { ...words, name: splitClassName(name)[1] }),
  );
}

/** @param key tells this group from the others of its kind */
export function groupFinding(
  stream: StreamName,
  key: string,
  group: readonly PlanEntry[],
  words: GroupWords & { readonly name: string; readonly headline?: Finding["headline"] },
): Finding {
  const source = sourceOf(stream);
  const sorted = group.toSorted(([, a], [, b]) => words.since(a) - words.since(b));
  const [planId, plan] = sorted[0] ?? ["", null];
  const states = new Set(group.map(([, { state }]) => state));
  const one = group.length === 1;
  return {
    id: `${words.kind}|${stream} ${key}`,
    kind: words.kind,
    severity: words.severity,
    stream,
    target: planId,
    headline:
      words.headline ??
      (one
        ? ["Plan ", words.name, ` ${words.one}`]
        : [`${plural(group.length, "plan")} of `, words.name, ` ${words.many}`]),
    evidence: [
      { text: source },
      ...(one ? [{ text: shortId(planId) }] : []),
      ...(plan === null ? [] : words.evidence(plan).map((text) => ({ text }))),
    ],
    since: plan === null ? null : words.since(plan),
    count: group.length,
    place: one ? { page: "plan", source, planId } : { page: "plans", source, state: [...states].toSorted().join(",") },
    remedy: words.remedy,
    ...(words.offer === undefined
      ? {}
      : {
          offer: {
            verb: words.offer,
            source,
            planIds: sorted.slice(0, OFFERED_PLANS_MAX).map(([id]) => id),
          },
        }),
  };
}
