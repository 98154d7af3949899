/**
 * The text forms of instants in Dynflow's tables and records, all UTC without a zone:
 * `2026-11-22 05:45:46`, `….995` (plans), `….997817` (steps, chunks). A column that somebody made one with a zone, or a
 * copy that names one (`+0200`), means what it says.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/serializable.rb `TIME_FORMAT`, `LEGACY_TIME_FORMAT`;
 * lib/dynflow/persistence_adapters/sequel.rb `Sequel.database_timezone = :utc`.
 */
import type { UtcMicros } from "#server/dynflow/domain/model.ts";

const SQL_INSTANT =
  /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?: ?UTC|Z| ?([+-]\d{2})(?::?(\d{2}))?)?$/;
const MINUTE_MS = 60_000;

const FRACTION_DIGITS = 6;
/** As databases write nearly every one. These surely are instants: days that not every month has are looked at in full. */
const PLAIN = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1\d|2[0-8])[ T](?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{1,6}$/;
const SECONDS_LENGTH = "2026-11-22 05:45:46".length;

/** An instant with six fraction digits, cut (never rounded) to microseconds; `null` for text that is no instant. */
export function toUtcMicros(text: string): UtcMicros | null {
  if (PLAIN.test(text)) {
    const fraction = text.slice(SECONDS_LENGTH + 1).padEnd(FRACTION_DIGITS, "0");
    return `${text.slice(0, 10)}T${text.slice(11, SECONDS_LENGTH)}.${fraction}Z`;
  }
  const match = SQL_INSTANT.exec(text);
  if (match === null) return null;
  const local = `${match[1]}T${match[2]}`;
  const localMs = Date.parse(`${local}Z`);
  if (Number.isNaN(localMs)) return null;
  const aheadMs = zoneMinutes(match[4], match[5]) * MINUTE_MS;
  const iso = aheadMs === 0 ? local : new Date(localMs - aheadMs).toISOString().slice(0, -5);
  return `${iso}.${(match[3] ?? "").slice(0, FRACTION_DIGITS).padEnd(FRACTION_DIGITS, "0")}Z`;
}

/** How far a zone is ahead of UTC; 0 when none is named. */
function zoneMinutes(hours = "+00", minutes = "00"): number {
  const size = Math.abs(Number(hours)) * 60 + Number(minutes);
  return hours.startsWith("-") ? -size : size;
}

/** `2026-11-22 05:45:46.995000`: the form to compare with in SQL. `null` when the text is no instant of ours. */
export function toSqlInstant(instant: UtcMicros): string | null {
  const normal = toUtcMicros(instant);
  return normal === null ? null : `${normal.slice(0, 10)} ${normal.slice(11, -1)}`;
}

/** `2026-11-22 05:45:46.995`: Ruby's `TIME_FORMAT`, cut to milliseconds. `null` when the text is no instant of ours. */
export const toRubyTimeText = (instant: UtcMicros): string | null => toSqlInstant(instant)?.slice(0, 23) ?? null;
