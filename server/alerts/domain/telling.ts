/** What has to be told to a sink: the difference between what it was told and what is so. Pure. */
import type { NoticeKind } from "#server/contract/alerts.ts";
import type { StreamName } from "#server/contract/event.ts";
import type { SilenceFold } from "#server/contract/fold/silences.ts";
import { NEED_KINDS, type Need, type Severity } from "#server/contract/view/need.ts";
import type { EpochMs, MonotonicMs } from "#server/kernel/clock.ts";

/** What of all findings a sink is told. */
export interface SinkRules {
  /** Empty = of every kind. */
  readonly kinds: readonly string[];
  readonly least: Severity;
  /** Ids of sources; empty = of all. */
  readonly sources: readonly string[];
  /** How long a finding has to be there, or away, before it is told. */
  readonly settleMs: number;
}

/** What a sink was told last of a finding that is open for it. */
export interface Told {
  readonly kind: string;
  readonly stream: StreamName;
  readonly target: string;
  readonly title: string;
  readonly severity: Severity;
  readonly acknowledged: boolean;
}

/** Since when this process has seen a finding there, or not there. */
export interface Sighting {
  readonly present: boolean;
  readonly since: MonotonicMs;
}

export interface Situation {
  readonly needs: readonly Need[];
  readonly told: ReadonlyMap<string, Told>;
  /** What it may have been told: nobody knows whether it was taken. */
  readonly inDoubt: ReadonlyMap<string, Told>;
  readonly sightings: ReadonlyMap<string, Sighting>;
  readonly silences: readonly SilenceFold[];
  /** Streams of which nothing is known now: nothing of theirs is over because it is not seen. */
  readonly blind: ReadonlySet<StreamName>;
  readonly now: EpochMs;
  readonly monotonic: MonotonicMs;
}

/** One thing to tell; `need` is `null` of what is over. */
export interface Telling {
  readonly what: NoticeKind;
  readonly finding: string;
  readonly need: Need | null;
  readonly before: Told | null;
}

/** In the order of `needs`, then what is over. */
export function tellings(rules: SinkRules, situation: Situation): readonly Telling[] {
  const present = presentIn(situation.needs);
  const open = situation.needs.flatMap((need) => ofPresent(rules, situation, need));
  // Whoever may have heard of it is told that it is over.
  const over = [...situation.told, ...situation.inDoubt].flatMap(([finding, before]): readonly Telling[] =>
    present.has(finding) || situation.blind.has(before.stream) || !isSettled(rules, situation, finding, false)
      ? []
      : [{ what: "resolved", finding, need: null, before }],
  );
  return [...open, ...over];
}

/** What is there by itself, or within a finding that stands for many. */
const presentIn = (needs: readonly Need[]): ReadonlySet<string> =>
  new Set(needs.flatMap(({ id, standsFor = [] }) => [id, ...standsFor]));

function ofPresent(rules: SinkRules, situation: Situation, need: Need): readonly Telling[] {
  const before = situation.told.get(need.id) ?? null;
  const telling = (what: NoticeKind): readonly Telling[] => [{ what, finding: need.id, need, before }];
  const isTaken = need.acknowledged !== undefined && need.acknowledged !== null;
  if (before === null) {
    const isMeant = isFor(rules, need) && !isTaken && !isSilenced(situation, need);
    return isMeant && isSettled(rules, situation, need.id, true) ? telling("opened") : [];
  }
  if (isTaken !== before.acknowledged) return isTaken ? telling("acknowledged") : telling("released");
  const isWorse = need.severity === "failed" && before.severity !== "failed";
  return isWorse && !isSilenced(situation, need) ? telling("worse") : [];
}

/** As much of it as is open at once at most. What it may have been told has its place already, and is told again. */
export function withinRoom(
  due: readonly Telling[],
  { told, inDoubt }: Pick<Situation, "told" | "inDoubt">,
  most: number,
): readonly Telling[] {
  let room = most - told.size - inDoubt.size;
  return due.filter(({ what, finding }) => {
    if (what !== "opened" || inDoubt.has(finding)) return true;
    room -= 1;
    return room >= 0;
  });
}

/** Whether a sink is told of such a finding at all. */
export function isFor({ kinds, least, sources }: SinkRules, { kind, severity, stream }: Need): boolean {
  if (least === "failed" && severity !== "failed") return false;
  if (kinds.length > 0 && !kinds.includes(kind)) return false;
  return sources.length === 0 || sources.includes(stream.slice(stream.indexOf(":") + 1));
}

export function isSilenced({ silences, now }: Pick<Situation, "silences" | "now">, need: Need): boolean {
  return silences.some(
    ({ kind, stream, finding, until }) =>
      until > now &&
      (kind === null || kind === need.kind) &&
      (stream === null || stream === need.stream) &&
      (finding === null || finding === need.id),
  );
}

function isSettled({ settleMs }: SinkRules, situation: Situation, finding: string, present: boolean): boolean {
  const sighting = situation.sightings.get(finding);
  return sighting?.present === present && situation.monotonic - sighting.since >= settleMs;
}

/** What a sink knows once it has taken this; `null` = the finding is no longer open for it. */
export function toldAfter({ what, need }: Telling): Told | null {
  if (what === "resolved" || need === null) return null;
  const { kind, stream, target, title, severity } = need;
  return { kind, stream, target, title, severity, acknowledged: what === "acknowledged" };
}

/** How all findings stand by what was seen before and what is seen now; those that nobody asks for are forgotten. */
export function sightingsAfter(
  before: ReadonlyMap<string, Sighting>,
  needs: readonly Need[],
  asked: Iterable<string>,
  monotonic: MonotonicMs,
): ReadonlyMap<string, Sighting> {
  const after = new Map<string, Sighting>();
  const see = (finding: string, present: boolean): void => {
    const known = before.get(finding);
    after.set(finding, known?.present === present ? known : { present, since: monotonic });
  };
  const present = presentIn(needs);
  for (const finding of asked) see(finding, present.has(finding));
  for (const { id } of needs) see(id, true);
  return after;
}

/** Every kind there is, for the configuration to be checked against. */
export const isNeedKind = (text: string): boolean => NEED_KINDS.some((kind) => kind === text);
