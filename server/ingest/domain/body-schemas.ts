/**
 * What bodies of known types hold (`poa-netstats-agent@e405b862 lib/agent/collectors`), as far as anything relies on it:
 * what is named has to fit, what is not named may be there.
 */
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";

type Check = (value: JsonValue | undefined) => boolean;

interface FieldRule {
  readonly check: Check;
  /** Left out or `null` is well too. */
  readonly optional: boolean;
}

const isNumber: Check = (value) => typeof value === "number" && Number.isFinite(value);
const isCount: Check = (value) => typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
const isAmount: Check = (value) => typeof value === "number" && Number.isFinite(value) && value >= 0;
const isPercent: Check = (value) => typeof value === "number" && value >= 0 && value <= 100;
const isText: Check = (value) => typeof value === "string" && value.length <= TEXT_CHARS_MAX;
const isFlag: Check = (value) => typeof value === "boolean";
const isObject = (value: JsonValue | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** `false`, or how far it is. */
const isSyncing: Check = (value) => typeof value === "boolean" || isObject(value);
/** Newest first; agents send 41. */
const isHistory: Check = (value) => Array.isArray(value) && value.length <= HISTORY_MAX && value.every(isObject);

const TEXT_CHARS_MAX = 4_096;
const HISTORY_MAX = 100;

const needs = (check: Check): FieldRule => ({ check, optional: false });
const may = (check: Check): FieldRule => ({ check, optional: true });

type KindRules = Readonly<Record<string, Readonly<Record<string, FieldRule>>>>;

const SCHEMAS: Readonly<Record<string, KindRules>> = {
  "system_metrics.v1": {
    statistics: { cpu_load: needs(isAmount), memory_usage: needs(isPercent), disk_usage: needs(isPercent) },
  },
  "networking_metrics.v1": {
    latency: { latency: needs(isAmount) },
  },
  "ethereum_metrics.v1": {
    information: { name: may(isText), node: may(isText), client: may(isText), os: may(isText), os_v: may(isText) },
    block: { number: needs(isCount), hash: may(isText), timestamp: may(isAmount) },
    history: { history: needs(isHistory) },
    pending: { pending: needs(isCount) },
    statistics: {
      active: needs(isFlag),
      mining: may(isFlag),
      hashrate: may(isAmount),
      peers: may(isCount),
      gasPrice: may(isNumber),
      syncing: may(isSyncing),
      uptime: may(isAmount),
    },
  },
};

/** Names that a configuration may give. */
export const BODY_SCHEMAS: readonly string[] = Object.keys(SCHEMAS);

/** The first field of the body that does not fit, as `body.cpu_load`; `null` = it fits, or nothing is known of the kind. */
export function bodyFault(schema: string, kind: string, body: JsonObject): string | null {
  const kinds = SCHEMAS[schema];
  const fields = kinds !== undefined && Object.hasOwn(kinds, kind) ? kinds[kind] : undefined;
  if (fields === undefined) return null;
  for (const [name, { check, optional }] of Object.entries(fields)) {
    const value = Object.hasOwn(body, name) ? body[name] : undefined;
    if (value === undefined || value === null ? !optional : !check(value)) return `body.${name}`;
  }
  return null;
}
