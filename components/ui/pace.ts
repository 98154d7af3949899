/** What following a source costs it, and how soon that finds what is new, in words. Pure. */
import type { StreamSample } from "#server/contract/live.ts";
import { formatDurationMs } from "./format.ts";

/** A source is looked at this often unless it says otherwise. */
export const LOOK_EVERY_MS = 2_000;

type Pace = Pick<StreamSample, "lapMs" | "lookMs" | "databaseShare">;

/** How old what is known of a source may be before it is late. */
export const everyMsOf = (sample: Pace | undefined): number => Math.max(LOOK_EVERY_MS, sample?.lookMs ?? 0);

/** `finds new plans within 40 s, at 0.2 % of the database's time`; `null` while none of it is known. */
export function paceWords(sample: Pace | undefined): string | null {
  const { lapMs = null, databaseShare = null } = sample ?? {};
  const everyMs = everyMsOf(sample);
  const parts = [
    lapMs === null ? null : `finds new plans within ${formatDurationMs(Math.max(lapMs, everyMs))}`,
    everyMs > LOOK_EVERY_MS ? `looks only every ${formatDurationMs(everyMs)}, to stay below 1 %` : null,
    databaseShare === null ? null : `${shareWords(databaseShare)} of the database's time`,
  ].filter((part) => part !== null);
  return parts.length === 0 ? null : parts.join(", ");
}

/** At most: the measure errs upwards. */
export function shareWords(share: number): string {
  const percent = share * 100;
  if (percent < 0.1) return "under 0.1 %";
  return `${percent < 10 ? percent.toFixed(1) : Math.round(percent)} %`;
}
