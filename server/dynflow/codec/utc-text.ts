/**
 * The text forms of instants in Dynflow's tables and records, all UTC without a zone:
 * `2026-11-22 05:45:46`, `….995` (plans), `….997817` (steps, chunks).
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/serializable.rb `TIME_FORMAT`, `LEGACY_TIME_FORMAT`;
 * lib/dynflow/persistence_adapters/sequel.rb `Sequel.database_timezone = :utc`.
 */
import type { UtcMicros } from "#server/dynflow/domain/model.ts";

const SQL_INSTANT = /^(\d{4}-\d{2}-\d{2})[ T](\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?(?: UTC|Z|\+00(?::?00)?)?$/;

/** An instant with six fraction digits, cut (never rounded) to microseconds; `null` for text that is no instant. */
export function toUtcMicros(text: string): UtcMicros | null {
  const match = SQL_INSTANT.exec(text);
  if (match === null) return null;
  const iso = `${match[1]}T${match[2]}`;
  if (Number.isNaN(Date.parse(`${iso}Z`))) return null;
  return `${iso}.${(match[3] ?? "").slice(0, 6).padEnd(6, "0")}Z`;
}

/** `2026-11-22 05:45:46.995000`: the form to compare with in SQL. `null` when the text is no instant of ours. */
export function toSqlInstant(instant: UtcMicros): string | null {
  const normal = toUtcMicros(instant);
  return normal === null ? null : `${normal.slice(0, 10)} ${normal.slice(11, -1)}`;
}

/** `2026-11-22 05:45:46.995`: Ruby's `TIME_FORMAT`, cut to milliseconds. `null` when the text is no instant of ours. */
export const toRubyTimeText = (instant: UtcMicros): string | null => toSqlInstant(instant)?.slice(0, 23) ?? null;
