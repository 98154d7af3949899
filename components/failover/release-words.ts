/** Why an incarnation may not be released yet, in words. Pure. */
import { formatClock, formatDurationMs, type Zone, zoneName } from "#components/ui/format.ts";
import type { ReleasableView } from "#server/contract/wire/dna.ts";

/** What is left of a waiting that the server told at `asOf`; never below zero. */
export function leftOf(readyInMs: number, asOf: string | null, now: number | null): number {
  const readAt = asOf === null ? Number.NaN : Date.parse(asOf);
  if (now === null || Number.isNaN(readAt)) return readyInMs;
  return Math.max(0, readyInMs - Math.max(0, now - readAt));
}

const sentence = (text: string | null): string =>
  text === null || text === "" ? "" : /[.!?]$/.test(text) ? text : `${text}.`;

/** The first reason that does not hold, and the instant when it will if only time is missing; `null` = releasable. */
export function refusalOfRelease(
  view: ReleasableView,
  asOf: string | null,
  now: number | null,
  zone: Zone,
): string | null {
  if (view.releasable) return null;
  const missing = view.reasons.filter(({ holds }) => !holds);
  const [first] = missing;
  const text = first === undefined ? "Not releasable." : [first.text, first.detail].map(sentence).join(" ").trim();
  if (view.readyInMs === null || now === null) return text;
  const left = leftOf(view.readyInMs, asOf, now);
  if (left === 0) return `${text} Asking again.`;
  const when = formatClock(now + left, zone);
  return `${text} If it stays so, possible at ${when} ${zoneName(zone, now)}, in ${formatDurationMs(left)}.`;
}
