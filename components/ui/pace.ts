/** What following a source costs it, and how soon that finds what is new, in words. Pure. */
import type { StreamSample } from "#server/contract/live.ts";
import { formatDurationMs } from "./format.ts";

/** A source is looked at this often unless it says otherwise. */
export const LOOK_EVERY_MS = 2_000;

type Pace = Pick<StreamSample, "lapMs" | "lookMs" | "databaseShare">;

/** How old what is known of a source may be before it is late. */
export const everyMsOf = (sample: Pace | undefined): number => Math.max(LOOK_EVERY_MS, sample?.lookMs ?? 0);

/** Looks that come a little later are nobody's concern. */
const SLOWED_FROM_MS = 1.5 * LOOK_EVERY_MS;

/** `finds new plans within 40 s, at most 0.2 % of the database's time, pages included`; `null` while none of it is known. */
export function paceWords(sample: Pace | undefined): string | null {
  const { lapMs = null, databaseShare = null } = sample ?? {};
  const everyMs = everyMsOf(sample);
  const parts = [
    lapMs === null ? null : `finds new plans within ${formatDurationMs(Math.max(lapMs, everyMs))}`,
    everyMs < SLOWED_FROM_MS ? null : `looks only every ${formatDurationMs(everyMs)} to cost less than 1 % by itself`,
    databaseShare === null ? null : `at most ${shareWords(databaseShare)} of the database's time, pages included`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

/** The same in a few words, for where there is little room: `lap 40 s, at most 0.2 %`. */
export function paceInShort(sample: Pace | undefined): string | null {
  const { lapMs = null, databaseShare = null } = sample ?? {};
  const parts = [
    lapMs === null ? null : `lap ${formatDurationMs(lapMs)}`,
    databaseShare === null ? null : `at most ${shareWords(databaseShare)}`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

/** The measure errs upwards. */
export function shareWords(share: number): string {
  const percent = share * 100;
  if (percent < 0.1) return "0.1 %";
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}
