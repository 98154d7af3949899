/** One row of the database for the wire: every column, decoded as far as it goes, masked like the rest. */
import type { Audience } from "#server/auth/permissions.ts";
import { holdsMasked, maskPayload } from "#server/contract/mask-payload.ts";
import type { MaskRules } from "#server/contract/mask-rules.ts";
import { maskFreeText } from "#server/contract/mask-text.ts";
import type { WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow-payload.ts";
import { toBase64 } from "./codec/base64.ts";
import { sha256Of } from "./codec/digest.ts";
import type { RawCell, RawRow } from "./ports.ts";
import { maskedFor } from "./source-view.ts";

/** Bytes of one answer. */
export const RAW_PAGE_BYTES = 4_096;

type RawOutput = WireShape<typeof wire.rawOutput>;
type Blob_ = NonNullable<RawCell["blob"]>;

export function toRawView(
  row: RawRow,
  audience: Audience,
  masks: MaskRules,
): Pick<RawOutput, "table" | "rule" | "columns"> {
  const record = row.cells.find(({ column }) => column === "data");
  return {
    table: row.table,
    rule: record !== undefined && record.blob !== null ? "data" : "columns",
    columns: row.cells.map(({ column, text, blob }) => ({
      name: column,
      text: text === null ? null : maskFreeText(masks, text),
      blob: blob === null ? null : blobView(blob, audience, masks),
    })),
  };
}

function blobView(blob: Blob_, audience: Audience, masks: MaskRules): RawOutput["columns"][number]["blob"] {
  const { decoded } = blob;
  const { bytes, withheld } = bytesOf(blob, masks);
  const payload = decoded.ok
    ? { value: maskPayload(masks, decoded.value).value }
    : { unreadable: decoded.reason, bytes: decoded.bytes };
  return {
    bytes: blob.length,
    form: blob.form,
    sha256: maskedFor(audience, blob.bytes === null ? null : sha256Of(blob.bytes)),
    decoded: maskedFor(audience, payload),
    head: maskedFor(audience, bytes === null ? null : toBase64(bytes.subarray(0, RAW_PAGE_BYTES))),
    withheld,
  };
}

const LATIN1 = new TextDecoder("latin1");

/** The bytes as they may be shown; what cannot be decoded is looked through as text, and in doubt withheld. */
export function bytesOf(
  { bytes, length, decoded }: Blob_,
  masks: MaskRules,
): { readonly bytes: Uint8Array | null; readonly withheld: string | null } {
  if (bytes === null) return { bytes: null, withheld: `${length} bytes are more than is read` };
  const hides = decoded.ok ? maskPayload(masks, decoded.value).hidden : holdsMasked(masks, LATIN1.decode(bytes));
  return hides ? { bytes: null, withheld: "They hold what is masked" } : { bytes, withheld: null };
}
