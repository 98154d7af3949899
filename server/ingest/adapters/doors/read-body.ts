import type { IncomingMessage } from "node:http";
import { promisify } from "node:util";
import { gunzip } from "node:zlib";
import { decodeBody, formatOf, type WireFormat } from "#server/ingest/codec/body.ts";
import type { JsonObject } from "#server/kernel/json.ts";
import { Refusal } from "./refusal.ts";

const inflate = promisify(gunzip);

/** Format of a body, before any of it is read. @throws Refusal 415 */
export function bodyFormat(request: IncomingMessage): { readonly format: WireFormat; readonly gzip: boolean } {
  const format = formatOf(request.headers["content-type"]);
  if (format === null) throw new Refusal(415, { error: "content-type" });
  const encoding = (request.headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (encoding !== "gzip" && encoding !== "identity") throw new Refusal(415, { error: "content-encoding" });
  return { format, gzip: encoding === "gzip" };
}

/**
 * A whole body as plain values. Reading stops at the limit, and so does inflating: what is larger is in memory by no
 * more than that.
 *
 * @throws Refusal 413 or 400
 */
export async function readBody(request: IncomingMessage, maxBytes: number): Promise<JsonObject> {
  const { format, gzip } = bodyFormat(request);
  const raw = await readBytes(request, maxBytes);
  const decoded = decodeBody(gzip ? await inflateWithin(raw, maxBytes) : raw, format);
  if (decoded.ok) return decoded.value;
  throw new Refusal(400, { error: "malformed", ...decoded.fault });
}

const tooLarge = (maxBytes: number) => new Refusal(413, { error: "too-large", max_bytes: maxBytes });

/** @throws Refusal 413, 400 when it ends before its end */
export async function readBytes(request: IncomingMessage, maxBytes: number): Promise<Buffer> {
  if (Number(request.headers["content-length"] ?? 0) > maxBytes) throw tooLarge(maxBytes);
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of request.iterator({ destroyOnReturn: false })) {
      const bytes = chunk as Buffer;
      size += bytes.length;
      if (size > maxBytes) throw tooLarge(maxBytes);
      chunks.push(bytes);
    }
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    throw new Refusal(400, { error: "cut" }, { cause });
  }
  return Buffer.concat(chunks);
}

async function inflateWithin(raw: Buffer, maxBytes: number): Promise<Buffer> {
  try {
    return await inflate(raw, { maxOutputLength: maxBytes });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : null;
    if (code === "ERR_BUFFER_TOO_LARGE") throw tooLarge(maxBytes);
    throw new Refusal(400, { error: "malformed", code: "not-gzip", path: "" }, { cause });
  }
}
