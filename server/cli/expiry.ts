import { type EpochMs, epochMs } from "#server/kernel/clock.ts";

const UNIT_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000, w: 604_800_000, y: 31_536_000_000 };

/**
 * When a token expires: `30d`, `12h`, `8w`, `1y` from now, a date (its end in UTC), an instant, or `never` (`null`).
 *
 * @returns `undefined` when the text is none of these, or lies in the past
 */
export function parseExpiry(text: string, now: EpochMs): EpochMs | null | undefined {
  if (text === "never") return null;
  const span = /^(\d{1,4})([hdwy])$/.exec(text);
  if (span !== null) {
    const ms = Number(span[1]) * (UNIT_MS[span[2] ?? ""] ?? 0);
    return ms > 0 ? epochMs(now + ms) : undefined;
  }
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  if (!isDate && !/^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?Z$/.test(text)) return undefined;
  const at = Date.parse(isDate ? `${text}T23:59:59.999Z` : text);
  return Number.isNaN(at) || at <= now ? undefined : epochMs(at);
}
