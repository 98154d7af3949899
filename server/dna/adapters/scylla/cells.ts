import type { types } from "cassandra-driver";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";

/** Why one row cannot be read. Never leaves this folder: the row is marked with it. */
export class UnreadableCell extends Error {}

/** The values of one row by the names of its columns, each with the type that the table of DNA gives it. */
export interface Cells {
  text(column: string): string;
  int64(column: string): bigint;
  int64OrNull(column: string): bigint | null;
  instant(column: string): EpochMs;
  instantOrNull(column: string): EpochMs | null;
  /** `null` when the cell is empty, or holds no number that could be shown. */
  floatOrNull(column: string): number | null;
  booleanOrNull(column: string): boolean | null;
}

export function cellsOf(row: types.Row): Cells {
  const value = (column: string): unknown => row[column] ?? null;

  function required<T>(column: string, read: (column: string) => T | null): T {
    const found = read(column);
    if (found === null) throw new UnreadableCell(`${column} is empty`);
    return found;
  }

  function int64OrNull(column: string): bigint | null {
    const found = value(column);
    if (found === null || typeof found === "bigint") return found;
    throw new UnreadableCell(`${column} is not a 64-bit integer`);
  }

  /** The column holds any int64 of milliseconds; a date ends at 8.64e15, and beyond the driver gives an invalid one. */
  function instantOrNull(column: string): EpochMs | null {
    const found = value(column);
    if (found === null) return null;
    if (!(found instanceof Date)) throw new UnreadableCell(`${column} is not a timestamp`);
    if (Number.isNaN(found.getTime())) throw new UnreadableCell(`${column} is beyond the range of a date`);
    return epochMs(found.getTime());
  }

  function textOrNull(column: string): string | null {
    const found = value(column);
    if (found === null || typeof found === "string") return found;
    throw new UnreadableCell(`${column} is not text`);
  }

  return {
    text: (column) => required(column, textOrNull),
    int64OrNull,
    int64: (column) => required(column, int64OrNull),
    instantOrNull,
    instant: (column) => required(column, instantOrNull),
    floatOrNull(column) {
      const found = value(column);
      if (found !== null && typeof found !== "number") throw new UnreadableCell(`${column} is not a number`);
      return found !== null && Number.isFinite(found) ? found : null;
    },
    booleanOrNull(column) {
      const found = value(column);
      if (found === null || typeof found === "boolean") return found;
      throw new UnreadableCell(`${column} is not true or false`);
    },
  };
}
