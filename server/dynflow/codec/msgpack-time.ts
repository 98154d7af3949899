/**
 * The four time types that Dynflow registers with msgpack, and their one payload layout.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/extensions/msgpack.rb (types 0x00 to 0x03); the layout is the timestamp
 * extension of msgpack/msgpack `spec.md`, but under these type numbers, never -1.
 */
import { MsgpackExt } from "./msgpack-value.ts";

/** Tag of the JSON-safe form by ext type: Time, ActiveSupport::TimeWithZone, DateTime, Date. */
export const TIME_TAGS = ["$time", "$time_with_zone", "$datetime", "$date"] as const;
export type TimeTag = (typeof TIME_TAGS)[number];

/** An instant with nanoseconds. `nanos` counts upwards from `seconds`, also before 1970. */
export interface Instant {
  readonly seconds: bigint;
  readonly nanos: number;
}

export type DecodedInstant =
  | { readonly ok: true; readonly value: Instant }
  | { readonly ok: false; readonly reason: string };

const NANOS_MAX = 999_999_999;
const UINT32_MAX = 2n ** 32n - 1n;
const UINT34_MAX = 2n ** 34n - 1n;
/** The span of JavaScript's own dates, in seconds either side of 1970. */
const DATE_SECONDS_MAX = 8_640_000_000_000n;
const HALF_DAY_SECONDS = 43_200n;
const DAY_SECONDS = 86_400n;

/** Reads the payload of a time ext: 4, 8 or 12 bytes. */
export function decodeInstant(data: Uint8Array): DecodedInstant {
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  switch (data.length) {
    case 4:
      return instant(BigInt(view.getUint32(0)), 0);
    case 8: {
      const high = view.getUint32(0);
      return instant((BigInt(high & 3) << 32n) | BigInt(view.getUint32(4)), high >>> 2);
    }
    case 12:
      return instant(view.getBigInt64(4), view.getUint32(0));
    default:
      return { ok: false, reason: `a time takes 4, 8 or 12 bytes, not ${data.length}` };
  }
}

function instant(seconds: bigint, nanos: number): DecodedInstant {
  if (nanos > NANOS_MAX) return { ok: false, reason: `${nanos} nanoseconds are more than a second` };
  if (seconds > DATE_SECONDS_MAX || seconds < -DATE_SECONDS_MAX) {
    return { ok: false, reason: `${seconds} seconds are beyond what can be shown` };
  }
  return { ok: true, value: { seconds, nanos } };
}

/** Writes an instant as an ext of one of the four types, in the shortest layout that holds it (as Ruby does). */
export function encodeInstant(tag: TimeTag, { seconds, nanos }: Instant): MsgpackExt {
  const type = TIME_TAGS.indexOf(tag);
  if (seconds < 0n || seconds > UINT34_MAX) {
    const view = new DataView(new ArrayBuffer(12));
    view.setUint32(0, nanos);
    view.setBigInt64(4, seconds);
    return new MsgpackExt(type, new Uint8Array(view.buffer));
  }
  if (nanos === 0 && seconds <= UINT32_MAX) {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, Number(seconds));
    return new MsgpackExt(type, new Uint8Array(view.buffer));
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, (BigInt(nanos) << 34n) | seconds);
  return new MsgpackExt(type, new Uint8Array(view.buffer));
}

/** `2023-11-14T22:13:20.123456789Z`, always nine digits. */
export function instantText({ seconds, nanos }: Instant): string {
  const whole = new Date(Number(seconds) * 1_000).toISOString().slice(0, -5);
  return `${whole}.${String(nanos).padStart(9, "0")}Z`;
}

const INSTANT_TEXT = /^(.{10,16}T\d{2}:\d{2}:\d{2})(?:\.(\d{1,9}))?Z$/;

/** The inverse of `instantText`; `null` when the text is no instant. */
export function parseInstantText(text: string): Instant | null {
  const match = INSTANT_TEXT.exec(text);
  if (match === null) return null;
  const millis = Date.parse(`${match[1]}.000Z`);
  if (Number.isNaN(millis)) return null;
  return { seconds: BigInt(millis) / 1_000n, nanos: Number((match[2] ?? "").padEnd(9, "0")) };
}

/**
 * The calendar day meant by a Date, which is stored as midnight in the *writer's* zone. `exact` = it is midnight in
 * UTC; otherwise the day is the one that midnight belongs to in zones from UTC-12 (exclusive) to UTC+12.
 */
export function dateOf({ seconds, nanos }: Instant): { readonly day: string; readonly exact: boolean } {
  const day = new Date(Number(seconds + HALF_DAY_SECONDS) * 1_000).toISOString().split("T")[0] ?? "";
  return { day, exact: nanos === 0 && seconds % DAY_SECONDS === 0n };
}
