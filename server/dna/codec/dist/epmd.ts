import { OpsError } from "#server/kernel/errors.ts";
import { framed } from "./frames.ts";

/**
 * Messages of the port mapper.
 * Source: Erlang/OTP 25 erts/doc/src/erl_dist_protocol.xml, "EPMD Protocol" (PORT_PLEASE2_REQ, PORT2_RESP).
 */
export const EPMD_PORT = 4369;
const PORT_PLEASE = 122;
const PORT_ANSWER = 119;
/** Tag, result, port, type, protocol, two versions, length of the name. */
const ANSWER_BYTES = 1 + 1 + 2 + 1 + 1 + 2 + 2;

export type EpmdAnswer =
  | { readonly kind: "incomplete" }
  | { readonly kind: "not-registered" }
  /** `lowest`, `highest`: versions of the distribution protocol that the node speaks. */
  | { readonly kind: "registered"; readonly port: number; readonly lowest: number; readonly highest: number };

const UTF8 = new TextEncoder();

/** Asks for the port of a node by the part of its name before the `@`. */
export const portPlease = (aliveName: string): Uint8Array =>
  framed(2, Uint8Array.of(PORT_PLEASE, ...UTF8.encode(aliveName)));

/**
 * What has arrived up to now. The mapper closes after its answer, so `incomplete` at the end is no answer.
 * @throws OpsError `upstream-malformed` when this is no port mapper
 */
export function readPortAnswer(bytes: Uint8Array): EpmdAnswer {
  const [tag, result] = bytes;
  if (tag !== undefined && tag !== PORT_ANSWER) {
    throw new OpsError("upstream-malformed", `no port mapper of Erlang: it answered with byte ${tag}`);
  }
  if (result === undefined) return { kind: "incomplete" };
  if (result !== 0) return { kind: "not-registered" };
  if (bytes.length < ANSWER_BYTES) return { kind: "incomplete" };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { kind: "registered", port: view.getUint16(2), highest: view.getUint16(6), lowest: view.getUint16(8) };
}

/** A node's name taken apart; `null` when it is not `alive@host`. */
export function splitNodeName(name: string): { readonly alive: string; readonly host: string } | null {
  const parts = name.split("@");
  const [alive = "", host = ""] = parts;
  return parts.length === 2 && alive !== "" && host !== "" ? { alive, host } : null;
}
