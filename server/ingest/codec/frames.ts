import type { AgentAbout } from "#server/contract/agents.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { about, type DataCall, items } from "./calls.ts";
import { agentId, bootId, instant, optionalMs, optionalText, text } from "./fields.ts";
import { type Decoded, decoding, Malformed } from "./malformed.ts";

/** The frames of agents over WebSocket, from plain values. */
export type AgentFrame =
  | {
      readonly op: "hello";
      readonly token: string;
      readonly agentId: string;
      readonly bootId: string;
      readonly about: AgentAbout | null;
    }
  | (Pick<DataCall, "items" | "refused"> & {
      readonly op: "data";
      readonly claim: Claim;
      /** Comes back in the answer; `null` = none was given. */
      readonly id: number | null;
    })
  | {
      readonly op: "ping";
      readonly claim: Claim;
      readonly sentAt: ReturnType<typeof instant> | null;
      readonly roundTripMs: number | null;
    }
  | { readonly op: "bye"; readonly claim: Claim; readonly reason: string | null };

/** Whose frame it says that it is; `null` = it does not say, and is of who said hello. */
export interface Claim {
  readonly agentId: string | null;
  readonly bootId: string | null;
}

const TOKEN_MAX = 4_096;
const REASON_MAX = 300;

export function readFrame(from: JsonObject, maxItems: number): Decoded<AgentFrame> {
  return decoding(() => {
    switch (from.op) {
      case "hello":
        return {
          op: "hello",
          token: text(from, "token", "token", TOKEN_MAX),
          agentId: agentId(from),
          bootId: bootId(from),
          about: about(from.about),
        };
      case "data":
        return { op: "data", claim: claim(from), id: frameId(from.id), ...items(from.items, maxItems) };
      case "ping":
        return {
          op: "ping",
          claim: claim(from),
          sentAt: from.sent_at === undefined || from.sent_at === null ? null : instant(from.sent_at, "sent_at"),
          roundTripMs: optionalMs(from, "last_rtt_ms"),
        };
      case "bye":
        return { op: "bye", claim: claim(from), reason: optionalText(from, "reason", "reason", REASON_MAX) };
      default:
        throw new Malformed(from.op === undefined ? "missing" : "unknown-op", "op");
    }
  });
}

const claim = (from: JsonObject): Claim => ({
  agentId: from.agent_id === undefined ? null : agentId(from),
  bootId: from.boot_id === undefined ? null : bootId(from),
});

function frameId(value: JsonValue | undefined): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== "number" || !Number.isSafeInteger(value)) throw new Malformed("not-number", "id");
  return value;
}
