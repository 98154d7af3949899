import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { isObject } from "./body.ts";
import { Malformed } from "./malformed.ts";

/** Readers of single fields. Each throws `Malformed` with the field's path. */

const AGENT_ID = /^[\x21-\x29\x2b-\x7e]+$/;
const AGENT_ID_MAX = 200;
const BOOT_ID_MAX = 100;
/** The last instant of the year 9999. */
const LAST_EPOCH_MS = 253_402_300_799_999;
const ISO_TIME = /^\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)$/;

export function text(from: JsonObject, key: string, path: string, max: number): string {
  const value = from[key];
  if (value === undefined) throw new Malformed("missing", path);
  if (typeof value !== "string") throw new Malformed("not-text", path);
  if (value === "") throw new Malformed("missing", path);
  if (value.length > max) throw new Malformed("too-long", path);
  return value;
}

/** `null` when it is left out or null. */
export function optionalText(from: JsonObject, key: string, path: string, max: number): string | null {
  return from[key] === undefined || from[key] === null ? null : text(from, key, path, max);
}

/** Visible ASCII without `*`, which stands for beginnings of ids elsewhere. */
export function agentId(from: JsonObject, key = "agent_id"): string {
  const value = text(from, key, key, AGENT_ID_MAX);
  if (!AGENT_ID.test(value)) throw new Malformed("out-of-range", key);
  return value;
}

export function bootId(from: JsonObject): string {
  const value = text(from, "boot_id", "boot_id", BOOT_ID_MAX);
  if (!AGENT_ID.test(value)) throw new Malformed("out-of-range", "boot_id");
  return value;
}

/** Epoch milliseconds, or ISO 8601 with a zone. */
export function instant(value: JsonValue | undefined, path: string): EpochMs {
  if (value === undefined || value === null) throw new Malformed("missing", path);
  const at = typeof value === "string" && ISO_TIME.test(value) ? Date.parse(value) : value;
  if (typeof at !== "number" || Number.isNaN(at)) throw new Malformed("not-time", path);
  if (at < 0 || at > LAST_EPOCH_MS) throw new Malformed("out-of-range", path);
  return epochMs(Math.trunc(at));
}

/** A number of milliseconds of 0 or more; `null` when it is left out. */
export function optionalMs(from: JsonObject, key: string): number | null {
  const value = from[key];
  if (value === undefined || value === null) return null;
  if (typeof value !== "number") throw new Malformed("not-number", key);
  if (value < 0 || value > LAST_EPOCH_MS) throw new Malformed("out-of-range", key);
  return value;
}

export function list(value: JsonValue | undefined, path: string, max: number): readonly JsonValue[] {
  if (value === undefined) throw new Malformed("missing", path);
  if (!Array.isArray(value)) throw new Malformed("not-list", path);
  if (value.length > max) throw new Malformed("too-many", path);
  return value;
}

export function object(value: JsonValue | undefined, path: string): JsonObject {
  if (value === undefined) throw new Malformed("missing", path);
  if (!isObject(value)) throw new Malformed("not-object", path);
  return value;
}
