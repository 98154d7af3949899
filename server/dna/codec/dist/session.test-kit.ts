/** The recorded conversation with a real node, taken apart. Recorded by `scripts/dna/record-distribution.ts`. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { OWN_FLAGS } from "./flags.ts";
import { FrameSplitter } from "./frames.ts";
import { Handshake } from "./handshake.ts";

const GOLDEN: {
  readonly node: string;
  readonly ownName: string;
  readonly cookie: string;
  readonly said: string;
  readonly answered: string;
} = JSON.parse(readFileSync(new URL("./__golden__/session-otp-25.json", import.meta.url), "utf8"));

export const CAP_BYTES = 1024 ** 2;
const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"));

/** What we said and what the node answered, each as one stream. */
export const SAID = bytesOf(GOLDEN.said);
export const ANSWERED = bytesOf(GOLDEN.answered);
export const NODE = GOLDEN.node;

/** Frames of a stream that begins with so many frames of the handshake. */
export function framesOf(stream: Uint8Array, handshakeFrames: number, chunks = [stream]): Uint8Array[] {
  const frames: Uint8Array[] = [];
  const splitter = new FrameSplitter(2, CAP_BYTES);
  const take = (frame: Uint8Array): void => {
    frames.push(frame.slice());
    if (frames.length === handshakeFrames) splitter.switchTo(4, CAP_BYTES);
  };
  for (const chunk of chunks) splitter.push(chunk, take);
  return frames;
}
/** Name and reply are ours; status, challenge and acknowledgement the node's. */
export const SAID_HANDSHAKE = 2;
export const ANSWERED_HANDSHAKE = 3;

export const digestBy =
  (cookie: string) =>
  (challenge: number): Uint8Array =>
    createHash("md5").update(`${cookie}${challenge}`).digest();

/** Our side as it was in that conversation: its random numbers are read from what we said then. */
export function recordedHandshake(): Handshake {
  const [name = new Uint8Array(), reply = new Uint8Array()] = framesOf(SAID, SAID_HANDSHAKE);
  const view = (frame: Uint8Array): DataView => new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  return new Handshake({
    ownName: GOLDEN.ownName,
    creation: view(name).getUint32(9),
    flags: OWN_FLAGS,
    peerName: GOLDEN.node,
    challenge: view(reply).getUint32(1),
    digest: digestBy(GOLDEN.cookie),
  });
}
