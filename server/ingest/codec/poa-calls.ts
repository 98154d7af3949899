import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { isObject } from "./body.ts";

/** Calls of POA netstats agents of 2018 (`poa-netstats-warehouse@1c7f79d7 lib/poa_backend/custom_handler/rest.ex`). */

export interface PoaData {
  readonly type: string;
  readonly kind: string;
  readonly body: JsonObject;
}

const ID_MAX = 200;
const VISIBLE = /^[\x21-\x29\x2b-\x7e]+$/;

/** `id` of a call; `null` when it is missing, or no id that an agent may have. */
export function poaId(from: JsonObject): string | null {
  const { id } = from;
  return typeof id === "string" && id.length <= ID_MAX && VISIBLE.test(id) ? id : null;
}

/** What `/data` carries: `{"type": metric type, "data": {"type": kind, "body": object}}`; `null` when it does not. */
export function poaData({ type, data }: JsonObject): PoaData | null {
  if (typeof type !== "string" || type === "" || !isObject(data)) return null;
  const { type: kind, body } = data;
  return typeof kind === "string" && kind !== "" && isObject(body) ? { type, kind, body } : null;
}

/** A text that is there; `null` otherwise. */
export const poaText = (value: JsonValue | undefined): string | null =>
  typeof value === "string" && value !== "" ? value : null;
