import type { IncomingMessage } from "node:http";
import { decodeBody } from "#server/ingest/codec/body.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import { readBytes } from "./read-body.ts";
import { Refusal } from "./refusal.ts";

export interface PoaAnswer {
  readonly status: number;
  readonly body: object | null;
}

const POA_TYPES: Readonly<Record<string, "json" | "msgpack">> = {
  "application/json": "json",
  "application/msgpack": "msgpack",
};

/** Exactly these two content types, without parameters. @throws Refusal 415, 413, 400 */
export async function poaBody(request: IncomingMessage, maxBytes: number): Promise<JsonObject> {
  const format = POA_TYPES[request.headers["content-type"] ?? ""];
  if (format === undefined) throw new Refusal(415, null);
  const decoded = decodeBody(await readBytes(request, maxBytes), format);
  if (decoded.ok) return decoded.value;
  throw new Refusal(decoded.fault.code === "not-object" ? 422 : 400, null);
}
