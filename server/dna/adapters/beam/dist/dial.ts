import { createHash, randomInt } from "node:crypto";
import type { Socket } from "node:net";
import { splitNodeName } from "#server/dna/codec/dist/epmd.ts";
import { OWN_FLAGS } from "#server/dna/codec/dist/flags.ts";
import { FrameSplitter, framed } from "#server/dna/codec/dist/frames.ts";
import {
  HANDSHAKE_FRAME_MAX_BYTES,
  Handshake,
  type HandshakePeer,
  type HandshakeStep,
} from "#server/dna/codec/dist/handshake.ts";
import { messageOf } from "#server/kernel/errors.ts";
import { askEpmd } from "./epmd-client.ts";
import { type DistOptions, FRAME_MAX_BYTES } from "./options.ts";
import { DialFailure, openSocket } from "./sockets.ts";

const WORDS_MAX = 2 ** 32;

/** A connection whose handshake is done; what has arrived after it goes to whom `receive` names. */
export interface Dialled {
  readonly socket: Socket;
  readonly peer: HandshakePeer;
  /** Of us, in this connection. */
  readonly creation: number;
  /** What both sides can do. */
  readonly flags: bigint;
  /** Takes the frames, those that came with the end of the handshake first; `broken` when the stream cannot be read on. */
  receive(take: (frame: Uint8Array) => void, broken: (cause: unknown) => void): void;
}

/**
 * Finds a node, connects and shakes hands.
 * @throws DialFailure
 */
export async function dial(options: DistOptions, node: string, signal: AbortSignal): Promise<Dialled> {
  const parts = splitNodeName(node);
  if (parts === null) throw new DialFailure("unreachable", `${node} is no name of a node`);
  const port = await portOf(options, parts);
  const socket = await openSocket(parts.host, port, options.tls, signal);
  return shakeHands(options, node, socket, signal);
}

async function portOf(
  options: DistOptions,
  { alive, host }: { readonly alive: string; readonly host: string },
): Promise<number> {
  if (options.reach.kind === "fixed") return options.reach.port;
  const registration = await askEpmd(options.clock, { host, alive, port: options.reach.port });
  if (registration.kind === "registered") return registration.port;
  throw new DialFailure(
    "unreachable",
    registration.kind === "unknown"
      ? `the port mapper is silent: ${registration.reason}`
      : `not registered with the port mapper of ${host}`,
  );
}

function shakeHands(options: DistOptions, node: string, socket: Socket, signal: AbortSignal): Promise<Dialled> {
  const creation = randomInt(4, WORDS_MAX);
  const ownFlags = options.flags ?? OWN_FLAGS;
  const handshake = new Handshake({
    ownName: options.name,
    creation,
    flags: ownFlags,
    peerName: node,
    challenge: randomInt(0, WORDS_MAX),
    // Fails where the cryptography of this machine forbids MD5: then no node can be spoken with.
    digest: (challenge) =>
      createHash("md5").update(options.cookie.reveal(), "latin1").update(String(challenge)).digest(),
  });
  // Over TLS lengths have four bytes from the first on (OTP 25 lib/ssl/src/inet_tls_dist.erl; seen on a real node).
  const headerBytes = options.tls === null ? 2 : 4;
  const frameMaxBytes = options.frameMaxBytes ?? FRAME_MAX_BYTES;
  const splitter = new FrameSplitter(headerBytes, HANDSHAKE_FRAME_MAX_BYTES);
  return new Promise((resolve, reject) => {
    const early: Uint8Array[] = [];
    let take = (frame: Uint8Array): void => void early.push(frame);
    let broken = (_cause: unknown): void => void socket.destroy();
    let over = false;
    const fail = (failure: DialFailure): void => {
      if (over) return;
      over = true;
      signal.removeEventListener("abort", onAbort);
      socket.destroy();
      reject(failure);
    };
    const done = (peer: HandshakePeer): void => {
      over = true;
      signal.removeEventListener("abort", onAbort);
      splitter.switchTo(4, frameMaxBytes);
      resolve({
        socket,
        peer,
        creation,
        flags: peer.flags & ownFlags,
        receive(taker, breaker) {
          take = taker;
          broken = breaker;
          for (const frame of early.splice(0)) taker(frame);
        },
      });
    };
    const step = (frame: Uint8Array): void => {
      if (over) take(frame);
      else shake(handshake.step(frame));
    };
    const shake = (next: HandshakeStep): void => {
      if (next.kind === "send") for (const own of next.frames) socket.write(framed(headerBytes, own));
      else if (next.kind === "refused") fail(new DialFailure("refused", next.reason));
      else if (next.kind === "done") done(next.peer);
    };
    const onAbort = (): void => fail(new DialFailure("unreachable", "connected, but the node does not shake hands"));
    const onEnd = (): void =>
      fail(
        handshake.awaitsAck
          ? new DialFailure("refused", "the node closed after our proof: most likely another cookie")
          : new DialFailure("unreachable", "the node closed in the handshake"),
      );
    signal.addEventListener("abort", onAbort, { once: true });
    if (signal.aborted) return onAbort();
    socket.on("error", onEnd).on("close", onEnd);
    socket.on("data", (chunk: Buffer) => {
      try {
        splitter.push(chunk, step);
      } catch (cause) {
        if (over) broken(cause);
        else fail(new DialFailure("unreachable", messageOf(cause), cause));
      }
    });
    socket.write(framed(headerBytes, handshake.first()));
  });
}
