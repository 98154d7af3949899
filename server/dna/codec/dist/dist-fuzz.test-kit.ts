/**
 * Frames and terms of a real node, made wrong by a seeded chance, through everything that reads them. Whatever they are,
 * there is a value or an `OpsError` that says why there is none: soon, and in bounded memory.
 */
import { readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import { createRandom, mix32, type Random } from "#server/demo/dna/random.ts";
import { decodeTerm } from "#server/dna/codec/etf/decode.ts";
import { encodeTerm } from "#server/dna/codec/etf/encode.ts";
import type { Term } from "#server/dna/codec/etf/term.ts";
import { termText } from "#server/dna/codec/etf/term-text.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { erpcOutcome, ioAnswer, rexOutcome } from "./answers.ts";
import { decodeMessage } from "./control.ts";
import { FrameSplitter, framed } from "./frames.ts";
import { ANSWERED, ANSWERED_HANDSHAKE, CAP_BYTES, framesOf, recordedHandshake } from "./session.test-kit.ts";

/** What counts as decoded into. */
export const PAST_BYTES = 16;
const LARGE_BYTES = 2_000;
const LARGE_CHANCE = 0.01;
const SLOW_MS = 2_000;
const INFLATED_MAX_BYTES = 1024 ** 2;

export interface FuzzReport {
  /** Rounds whose decoder got past the first 16 bytes. */
  readonly past: number;
  readonly slowestMs: number;
  /** Each with the seed that replays it alone. */
  readonly faults: readonly string[];
}

type Sample = { readonly kind: "frame" | "term" | "handshake"; readonly bytes: Uint8Array };

function corpus(): readonly Sample[] {
  const golden: Readonly<Record<"terms" | "older" | "compressed", readonly { readonly hex: string }[]>> = JSON.parse(
    readFileSync(new URL("../etf/__golden__/otp-25.json", import.meta.url), "utf8"),
  );
  const hexes = [...golden.terms, ...golden.older, ...golden.compressed].map(({ hex }) => hex);
  const frames = framesOf(ANSWERED, ANSWERED_HANDSHAKE);
  return [
    ...hexes.map((hex) => ({ kind: "term" as const, bytes: new Uint8Array(Buffer.from(hex, "hex")) })),
    ...frames.slice(ANSWERED_HANDSHAKE).map((bytes) => ({ kind: "frame" as const, bytes })),
    ...frames.slice(0, ANSWERED_HANDSHAKE).map((bytes) => ({ kind: "handshake" as const, bytes })),
  ].filter(({ bytes }) => bytes.length > 0);
}

/** Round `n` is that of seed `seed + n`: a fault replays as one round of its own seed. */
export function fuzzDistribution(rounds: number, seed: number): FuzzReport {
  const samples = corpus();
  const small = samples.filter(({ bytes }) => bytes.length <= LARGE_BYTES);
  const faults: string[] = [];
  let past = 0;
  let slowestMs = 0;
  for (let round = 0; round < rounds; round += 1) {
    const random = createRandom(mix32(seed + round));
    const pool = random.chance(LARGE_CHANCE) ? samples : small;
    const sample = pool[random.below(pool.length)];
    if (sample === undefined) throw new Error("no samples");
    const bytes = mutated(sample.bytes, random);
    const before = process.cpuUsage();
    try {
      if (read(sample.kind, bytes, random) > PAST_BYTES) past += 1;
    } catch (cause) {
      faults.push(
        `seed ${seed + round}, ${sample.kind} ${Buffer.from(bytes.subarray(0, 200)).toString("hex")}: ${String(cause)}`,
      );
    }
    const { user, system } = process.cpuUsage(before);
    const tookMs = (user + system) / 1_000;
    slowestMs = Math.max(slowestMs, tookMs);
    if (tookMs > SLOW_MS) faults.push(`seed ${seed + round}: ${Math.round(tookMs)} ms`);
  }
  return { past, slowestMs, faults };
}

/** How far it was decoded; throws whatever is no `OpsError`. */
function read(kind: Sample["kind"], bytes: Uint8Array, random: Random): number {
  try {
    if (kind === "term") use(decodeTerm(bytes, { inflate, limits: { inflatedBytesMax: INFLATED_MAX_BYTES } }));
    else if (kind === "frame") readFrame(bytes, random);
    else readHandshake(bytes, random);
    return bytes.length;
  } catch (cause) {
    if (!(cause instanceof OpsError)) throw cause;
    const { offset } = cause.details;
    return typeof offset === "number" ? offset : 0;
  }
}

const inflate = (bytes: Uint8Array, size: number): Uint8Array =>
  inflateSync(bytes, { maxOutputLength: Math.max(1, size) });

/** What was understood can be shown, written, and read again. */
function use(term: Term): void {
  termText(term);
  decodeTerm(encodeTerm(term));
}

/** In chunks, behind a length that is sometimes a lie. */
function readFrame(bytes: Uint8Array, random: Random): void {
  const wire = framed(4, bytes);
  if (random.chance(0.02)) wire[random.below(4)] = random.below(256);
  const splitter = new FrameSplitter(4, CAP_BYTES);
  const cut = random.below(wire.length + 1);
  const take = (frame: Uint8Array): void => {
    const message = decodeMessage(frame);
    if (message.kind === "down-unreadable") throw message.cause;
    if (message.kind === "down")
      use(erpcOutcome(message.reference, message.reason).kind === "value" ? message.reason : 0);
    if (message.kind === "send") ioAnswer(message.message);
    if (message.kind === "send") rexOutcome(message.message);
  };
  splitter.push(wire.subarray(0, cut), take);
  splitter.push(wire.subarray(cut), take);
}

function readHandshake(bytes: Uint8Array, random: Random): void {
  const handshake = recordedHandshake();
  const good = framesOf(ANSWERED, ANSWERED_HANDSHAKE).slice(0, random.below(ANSWERED_HANDSHAKE));
  for (const frame of [...good, bytes]) handshake.step(frame);
}

function mutated(original: Uint8Array, random: Random): Uint8Array {
  let bytes: Uint8Array = original.slice();
  const changes = 1 + random.below(3);
  for (let change = 0; change < changes; change += 1)
    bytes = MUTATIONS[random.below(MUTATIONS.length)]?.(bytes, random) ?? bytes;
  return bytes;
}

const TAGS = [
  70, 77, 80, 88, 89, 90, 97, 98, 100, 104, 105, 106, 107, 108, 109, 110, 111, 112, 113, 115, 116, 118, 119, 120,
];
const EXTREMES = [0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff];

/** Where a change begins: half of them behind what is counted as decoded into. */
function at(bytes: Uint8Array, random: Random): number {
  const from = bytes.length > PAST_BYTES + 1 && random.chance(0.5) ? PAST_BYTES + 1 : 0;
  return from + random.below(Math.max(1, bytes.length - from));
}
const setAt = (bytes: Uint8Array, random: Random, value: number): Uint8Array => {
  bytes[at(bytes, random)] = value;
  return bytes;
};
const MUTATIONS: readonly ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  (bytes, random) => setAt(bytes, random, random.below(256)),
  (bytes, random) => setAt(bytes, random, TAGS[random.below(TAGS.length)] ?? 0),
  (bytes, random) => setAt(bytes, random, EXTREMES[random.below(EXTREMES.length)] ?? 0),
  (bytes, random) => bytes.slice(0, bytes.length - random.below(Math.max(1, bytes.length >> 1))),
  (bytes, random) => joined(bytes.subarray(0, at(bytes, random)), bytes.subarray(at(bytes, random))),
  (bytes, random) => {
    const place = at(bytes, random);
    const noise = Uint8Array.from({ length: 1 + random.below(8) }, () => random.below(256));
    return joined(bytes.subarray(0, place), noise, bytes.subarray(place));
  },
  // A length made of four extremes: the largest there are.
  (bytes, random) => bytes.fill(EXTREMES[random.below(EXTREMES.length)] ?? 0, ...span(bytes, random)),
];

const span = (bytes: Uint8Array, random: Random): [number, number] => {
  const start = at(bytes, random);
  return [start, start + 4];
};

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
