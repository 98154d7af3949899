/** Columns as pg hands them over, and the SQL that makes them so. */
import { z } from "zod";
import { epochMs } from "#server/kernel/clock.ts";

/** Milliseconds since 1970 of an instant column. One without a zone is read as UTC, whatever zone wrote it. */
export const msOf = (column: string): string =>
  `case when isfinite(${column}) then floor(extract(epoch from ${column}) * 1000)::float8 end`;

export const instant = z.number().transform(epochMs);
/** 64 bits, cast to text in SQL. */
export const decimal = z.string().regex(/^-?\d{1,19}$/);
export const block = z.int();
