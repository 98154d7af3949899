import type { AgentAbout } from "#server/contract/agents.ts";
import type { EpochMs } from "#server/kernel/clock.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { agentId, bootId, instant, list, object, optionalMs, optionalText, text } from "./fields.ts";
import { type Decoded, decoding, Malformed, type MalformedCode } from "./malformed.ts";

/** The calls of agents, from plain values. */

export interface SessionCall {
  readonly agentId: string;
  readonly about: AgentAbout | null;
}

/** One measurement whose shape is sound. */
export interface ItemShape {
  readonly seq: number;
  readonly at: EpochMs;
  readonly type: string;
  readonly kind: string;
  readonly body: JsonObject;
}

/** One that has a number and is not sound otherwise: it alone is refused. */
export interface RefusedItem {
  readonly seq: number;
  readonly code: MalformedCode;
  /** Within the item. */
  readonly path: string;
}

export interface DataCall {
  readonly agentId: string;
  readonly bootId: string;
  readonly items: readonly ItemShape[];
  readonly refused: readonly RefusedItem[];
}

export interface PingCall {
  readonly agentId: string;
  readonly bootId: string;
  readonly sentAt: EpochMs | null;
  readonly roundTripMs: number | null;
}

export interface ByeCall {
  readonly agentId: string;
  readonly bootId: string;
  readonly reason: string | null;
}

const NAME_MAX = 64;
const REASON_MAX = 300;
const HOSTNAME_MAX = 253;
const PROGRAM_MAX = 100;
const ADDRESSES_MAX = 16;
const ADDRESS_MAX = 45;

export const readSession = (from: JsonObject): Decoded<SessionCall> =>
  decoding(() => ({ agentId: agentId(from), about: about(from.about) }));

/** @param maxItems more of them refuse the call */
export const readData = (from: JsonObject, maxItems: number): Decoded<DataCall> =>
  decoding(() => ({ agentId: agentId(from), bootId: bootId(from), ...items(from.items, maxItems) }));

export const readPing = (from: JsonObject): Decoded<PingCall> =>
  decoding(() => ({
    agentId: agentId(from),
    bootId: bootId(from),
    sentAt: from.sent_at === undefined || from.sent_at === null ? null : instant(from.sent_at, "sent_at"),
    roundTripMs: optionalMs(from, "last_rtt_ms"),
  }));

export const readBye = (from: JsonObject): Decoded<ByeCall> =>
  decoding(() => ({
    agentId: agentId(from),
    bootId: bootId(from),
    reason: optionalText(from, "reason", "reason", REASON_MAX),
  }));

/** What an agent says of itself; `null` when it says nothing. */
export function about(value: JsonValue | undefined): AgentAbout | null {
  if (value === undefined || value === null) return null;
  const from = object(value, "about");
  const addresses = from.addresses === undefined ? [] : list(from.addresses, "about.addresses", ADDRESSES_MAX);
  return {
    hostname: optionalText(from, "hostname", "about.hostname", HOSTNAME_MAX),
    addresses: addresses.map((one, index) => {
      const path = `about.addresses[${index}]`;
      if (typeof one !== "string") throw new Malformed("not-text", path);
      if (one.length > ADDRESS_MAX) throw new Malformed("too-long", path);
      return one;
    }),
    program: optionalText(from, "program", "about.program", PROGRAM_MAX),
  };
}

/** Items with their numbers: one without a number refuses the call, since nothing can be answered of it. */
export function items(value: JsonValue | undefined, max: number): Pick<DataCall, "items" | "refused"> {
  const sound: ItemShape[] = [];
  const refused: RefusedItem[] = [];
  list(value, "items", max).forEach((one, index) => {
    const from = object(one, `items[${index}]`);
    const seq = sequence(from.seq, `items[${index}].seq`);
    const read = decoding(() => item(from, seq));
    if (read.ok) sound.push(read.value);
    else refused.push({ seq, ...read.fault });
  });
  return { items: sound, refused };
}

function sequence(value: JsonValue | undefined, path: string): number {
  if (value === undefined) throw new Malformed("missing", path);
  if (typeof value !== "number") throw new Malformed("not-number", path);
  if (!Number.isSafeInteger(value) || value < 1) throw new Malformed("out-of-range", path);
  return value;
}

const item = (from: JsonObject, seq: number): ItemShape => ({
  seq,
  at: instant(from.at, "at"),
  type: text(from, "type", "type", NAME_MAX),
  kind: text(from, "kind", "kind", NAME_MAX),
  body: object(from.body, "body"),
});
