import { ByteWriter } from "#server/dna/codec/etf/byte-writer.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { NEEDED_FLAGS } from "./flags.ts";

/** Frames of a handshake are short: a name of 255 characters is the longest thing in them. */
export const HANDSHAKE_FRAME_MAX_BYTES = 4_096;
const DIGEST_BYTES = 16;
const [NAME, STATUS, REPLY, ACK] = ["N", "s", "r", "a"].map((letter) => letter.charCodeAt(0));
const UTF8 = new TextEncoder();
const TEXT = new TextDecoder();

export interface HandshakeOptions {
  readonly ownName: string;
  /** Tells this life of ours from others under the same name. */
  readonly creation: number;
  readonly flags: bigint;
  /** Whom we believe to have called. */
  readonly peerName: string;
  /** Random, 32 bits. */
  readonly challenge: number;
  /** MD5 of the cookie followed by the challenge in decimal: the cookie itself never comes here. */
  readonly digest: (challenge: number) => Uint8Array;
}

export interface HandshakePeer {
  readonly name: string;
  readonly flags: bigint;
  readonly creation: number;
}

export type HandshakeStep =
  /** Frames to send, without their length. */
  | { readonly kind: "send"; readonly frames: readonly Uint8Array[] }
  | { readonly kind: "wait" }
  | { readonly kind: "done"; readonly peer: HandshakePeer }
  /** It will not speak with us, whatever we do. Trying again at once would fill its log. */
  | { readonly kind: "refused"; readonly reason: string };

/**
 * Our side of the handshake, version 6, as the one who connects: name -> status -> challenge -> reply -> ack. Each frame
 * that arrives is one step. A wrong cookie is not told: the node closes after our reply ({@link awaitsAck}).
 *
 * Source: Erlang/OTP 25 erts/doc/src/erl_dist_protocol.xml, "Distribution Handshake".
 */
export class Handshake {
  private readonly options: HandshakeOptions;
  private stage: "status" | "challenge" | "ack" | "over" = "status";
  private peer: HandshakePeer | null = null;

  constructor(options: HandshakeOptions) {
    this.options = options;
  }

  /** The first frame, which is ours. */
  first(): Uint8Array {
    const { ownName, creation, flags } = this.options;
    const writer = new ByteWriter();
    const name = UTF8.encode(ownName);
    writer.u8(NAME ?? 0);
    writer.u64(flags);
    writer.u32(creation);
    writer.u16(name.length);
    writer.raw(name);
    return writer.bytes();
  }

  /** Our digest was sent, and not answered yet: a connection that ends now was ended for a wrong cookie. */
  get awaitsAck(): boolean {
    return this.stage === "ack";
  }

  /** @throws OpsError `upstream-malformed` when this is no handshake of Erlang */
  step(frame: Uint8Array): HandshakeStep {
    switch (this.stage) {
      case "status":
        return this.status(frame);
      case "challenge":
        return this.challenged(frame);
      case "ack":
        return this.acknowledged(frame);
      default:
        throw malformed("a frame after its end");
    }
  }

  private status(frame: Uint8Array): HandshakeStep {
    if (frame[0] !== STATUS) throw malformed("no status");
    const status = TEXT.decode(frame.subarray(1));
    this.stage = "challenge";
    switch (status) {
      case "ok":
      case "ok_simultaneous":
        return { kind: "wait" };
      case "alive":
        // It still holds an older connection of this name: ours, from before a break that it has not seen. We go on with this one.
        return { kind: "send", frames: [Uint8Array.of(STATUS ?? 0, ...UTF8.encode("true"))] };
      case "nok":
      case "not_allowed":
        this.stage = "over";
        return { kind: "refused", reason: refusals[status] };
      default:
        throw malformed(`status ${JSON.stringify(status.slice(0, 40))}`);
    }
  }

  private challenged(frame: Uint8Array): HandshakeStep {
    const fixed = 1 + 8 + 4 + 4 + 2;
    if (frame[0] !== NAME) {
      if (frame[0] !== "n".charCodeAt(0)) throw malformed("no challenge");
      this.stage = "over";
      return { kind: "refused", reason: "the node speaks an older handshake (before OTP 23)" };
    }
    if (frame.length < fixed) throw malformed("a challenge that is cut");
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
    const [flags, challenge, creation, length] = [
      view.getBigUint64(1),
      view.getUint32(9),
      view.getUint32(13),
      view.getUint16(17),
    ];
    const name = TEXT.decode(frame.subarray(fixed, fixed + length));
    if (frame.length < fixed + length) throw malformed("a challenge whose name is cut");
    const wrong = this.whyNot(name, flags);
    if (wrong !== null) {
      this.stage = "over";
      return { kind: "refused", reason: wrong };
    }
    this.peer = { name, flags, creation };
    this.stage = "ack";
    return { kind: "send", frames: [this.reply(challenge)] };
  }

  private whyNot(name: string, flags: bigint): string | null {
    if (name !== this.options.peerName) return `another node answers there: ${name.slice(0, 80)}`;
    const missing = NEEDED_FLAGS & ~flags;
    return missing === 0n ? null : `the node lacks what we need (flags 0x${missing.toString(16)})`;
  }

  private reply(challenge: number): Uint8Array {
    const writer = new ByteWriter();
    writer.u8(REPLY ?? 0);
    writer.u32(this.options.challenge);
    writer.raw(this.options.digest(challenge));
    return writer.bytes();
  }

  private acknowledged(frame: Uint8Array): HandshakeStep {
    if (frame[0] !== ACK || frame.length !== 1 + DIGEST_BYTES) throw malformed("no acknowledgement");
    this.stage = "over";
    const expected = this.options.digest(this.options.challenge);
    const proven = expected.every((byte, index) => frame[index + 1] === byte);
    if (!proven || this.peer === null) return { kind: "refused", reason: "the node does not know the cookie" };
    return { kind: "done", peer: this.peer };
  }
}

const refusals = {
  nok: "the node is already being connected to under our name",
  not_allowed:
    "the node does not allow us: it lacks something in what we offer, or our name is not among those it allows",
} as const;

const malformed = (what: string): OpsError => new OpsError("upstream-malformed", `no handshake of Erlang: ${what}`);
