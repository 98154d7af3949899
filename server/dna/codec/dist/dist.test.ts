import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeTermAt } from "#server/dna/codec/etf/decode.ts";
import { encodeTerm } from "#server/dna/codec/etf/encode.ts";
import {
  atom,
  charlist,
  list,
  type PidTerm,
  type ReferenceTerm,
  type Term,
  text,
  tuple,
} from "#server/dna/codec/etf/term.ts";
import { erpcOutcome, ioAnswer, reasonName, rexOutcome, sameReference, spawnFailure } from "./answers.ts";
import { decodeMessage, encodeCall, encodeDemonitor, encodeKill, encodeRexCall, encodeSend } from "./control.ts";
import { portPlease, readPortAnswer, splitNodeName } from "./epmd.ts";
import { DIST_FLAG, OWN_FLAGS } from "./flags.ts";
import { FrameSplitter, framed } from "./frames.ts";
import { Handshake, type HandshakeStep } from "./handshake.ts";
import {
  ANSWERED,
  ANSWERED_HANDSHAKE,
  CAP_BYTES,
  digestBy,
  framesOf,
  NODE,
  recordedHandshake,
  SAID,
  SAID_HANDSHAKE,
} from "./session.test-kit.ts";

const self: PidTerm = { type: "pid", node: "worldline@ops", id: 1, serial: 0, creation: 77 };
const there: PidTerm = { type: "pid", node: "dna@h", id: 312, serial: 4, creation: 9 };
const reference: ReferenceTerm = { type: "reference", node: "worldline@ops", creation: 77, words: [1, 2, 3] };
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
const ANSWERS = framesOf(ANSWERED, ANSWERED_HANDSHAKE);

describe("the recorded conversation", () => {
  test("our side of the handshake says what it said then, byte for byte, and knows whom it has met", () => {
    const handshake = recordedHandshake();
    const said = [handshake.first()];
    const steps = ANSWERS.slice(0, ANSWERED_HANDSHAKE).map((frame) => handshake.step(frame));
    for (const step of steps) if (step.kind === "send") said.push(...step.frames);
    expect(said.map(hex)).toEqual(framesOf(SAID, SAID_HANDSHAKE).slice(0, SAID_HANDSHAKE).map(hex));
    expect(steps.map(({ kind }) => kind)).toEqual(["wait", "send", "done"]);
    expect(steps[2]).toMatchObject({ kind: "done", peer: { name: NODE } });
  });

  test("every frame split at every byte is the same frame", () => {
    let splits = 0;
    for (const [index, frame] of ANSWERS.entries()) {
      const headerBytes = index < ANSWERED_HANDSHAKE ? 2 : 4;
      const wire = framed(headerBytes, frame);
      const expected = hex(frame);
      for (let at = 0; at <= wire.length; at += 1) {
        const splitter = new FrameSplitter(headerBytes, CAP_BYTES);
        const frames: Uint8Array[] = [];
        splitter.push(wire.subarray(0, at), (taken) => frames.push(taken));
        splitter.push(wire.subarray(at), (taken) => frames.push(taken));
        if (frames.length !== 1 || hex(frames[0] ?? new Uint8Array()) !== expected) {
          throw new Error(`frame ${index} split at byte ${at}`);
        }
        splits += 1;
      }
    }
    expect(splits).toBe(ANSWERED.length + ANSWERS.length);
  });

  test("the whole stream in chunks of any size is the same frames", () => {
    const whole = ANSWERS.map(hex);
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 900 }), { minLength: 1, maxLength: 40 }), (sizes) => {
        const chunks: Uint8Array[] = [];
        for (let at = 0, turn = 0; at < ANSWERED.length; turn += 1) {
          const size = sizes[turn % sizes.length] ?? 1;
          chunks.push(ANSWERED.subarray(at, at + size));
          at += size;
        }
        expect(framesOf(ANSWERED, ANSWERED_HANDSHAKE, chunks).map(hex)).toEqual(whole);
      }),
      { numRuns: 40 },
    );
    const single = Array.from(ANSWERED, (_, at) => ANSWERED.subarray(at, at + 1));
    expect(framesOf(ANSWERED, ANSWERED_HANDSHAKE, single).map(hex)).toEqual(whole);
  });

  test("every message is read, and every answer is the one that was given", () => {
    const messages = ANSWERS.slice(ANSWERED_HANDSHAKE).map((frame) => decodeMessage(frame));
    const count = (kind: string): number => messages.filter((message) => message.kind === kind).length;
    expect(count("tick")).toBeGreaterThanOrEqual(2);
    expect(count("spawned")).toBe(15);
    const outcomes = messages.flatMap((message) =>
      message.kind === "down" ? [erpcOutcome(message.reference, message.reason)] : [],
    );
    // One of the fifteen was given up before its end.
    expect(outcomes).toHaveLength(14);
    expect(outcomes).toContainEqual({ kind: "value", value: atom(NODE) });
    expect(outcomes).toContainEqual({
      kind: "value",
      value: list(Array.from({ length: 1_000 }, (_, index) => index + 1)),
    });
    expect(outcomes).toContainEqual({ kind: "raised", class: "error", reason: tuple(atom("badmatch"), text("x")) });
    expect(outcomes).toContainEqual({ kind: "raised", class: "exit", reason: atom("out") });
    expect(outcomes).toContainEqual({ kind: "raised", class: "throw", reason: 7 });
    expect(outcomes).toContainEqual({ kind: "raised", class: "error", reason: atom("undef") });
    const prints = messages.flatMap((message) => (message.kind === "send" ? [ioAnswer(message.message)] : []));
    expect(prints).toEqual([{ to: expect.objectContaining({ node: NODE }), answer: expect.anything() }]);
    expect(count("other")).toBe(2); // it watched us while it printed, and then no more
  });

  test("cut anywhere, a message is malformed; it is never another", () => {
    for (const frame of ANSWERS.slice(ANSWERED_HANDSHAKE)) {
      for (let length = 1; length < frame.length; length += 1 + (length >> 4)) {
        const cut = frame.subarray(0, length);
        const message = failureOf(() => decodeMessage(cut));
        expect(message).toMatch(/^(upstream-malformed|down-unreadable)$/);
      }
    }
  });
});

/** The code of what is thrown, or the kind of what is answered. */
function failureOf(act: () => { readonly kind: string }): string {
  try {
    return act().kind;
  } catch (cause) {
    return typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : String(cause);
  }
}

describe("frames", () => {
  test("a length over the cap is refused before anything of the frame is kept", () => {
    const splitter = new FrameSplitter(4, 1_000);
    const frames: number[] = [];
    splitter.push(framed(4, new Uint8Array(1_000)), (frame) => frames.push(frame.length));
    expect(() => splitter.push(Uint8Array.of(0, 0, 3, 233), () => undefined)).toThrow(
      expect.objectContaining({ code: "limit-exceeded" }),
    );
    expect(frames).toEqual([1_000]);
  });

  test("the length of the next frame is what the taker of this one says", () => {
    const both = Uint8Array.of(...framed(2, Uint8Array.of(1)), ...framed(4, Uint8Array.of(2, 3)), 0, 0, 0, 0);
    const splitter = new FrameSplitter(2, 10);
    const frames: number[][] = [];
    splitter.push(both, (frame) => {
      frames.push([...frame]);
      splitter.switchTo(4, 10);
    });
    expect(frames).toEqual([[1], [2, 3], []]);
  });
});

describe("the port mapper", () => {
  // PORT2_RESP as of erl_dist_protocol: 119, result, port, type, protocol, highest, lowest, name, extra.
  const registered = Uint8Array.of(119, 0, 0x9c, 0x40, 77, 0, 0, 6, 0, 5, 0, 3, 100, 110, 97, 0, 0);
  test("is asked by the part before the @", () => {
    expect([...portPlease("dna")]).toEqual([0, 4, 122, 100, 110, 97]);
    expect(splitNodeName("dna@10.0.0.5")).toEqual({ alive: "dna", host: "10.0.0.5" });
    for (const name of ["dna", "dna@", "@h", "a@b@c", ""]) expect(splitNodeName(name)).toBeNull();
  });

  test("is understood however its answer is cut, and not believed before it is there", () => {
    for (let length = 0; length < 10; length += 1) {
      expect(readPortAnswer(registered.subarray(0, length))).toEqual({ kind: "incomplete" });
    }
    expect(readPortAnswer(registered.subarray(0, 12))).toEqual({
      kind: "registered",
      port: 40_000,
      highest: 6,
      lowest: 5,
    });
    expect(readPortAnswer(Uint8Array.of(119, 1))).toEqual({ kind: "not-registered" });
    expect(() => readPortAnswer(Uint8Array.of(72, 84))).toThrow(
      expect.objectContaining({ code: "upstream-malformed" }),
    );
  });
});

describe("the handshake", () => {
  const begun = (): Handshake =>
    new Handshake({
      ownName: "worldline@ops",
      creation: 77,
      flags: OWN_FLAGS,
      peerName: "dna@h",
      challenge: 5,
      digest: digestBy("cookie"),
    });
  const status = (word: string): Uint8Array => new TextEncoder().encode(`s${word}`);
  const challenge = (name: string, flags: bigint): Uint8Array => {
    const frame = new Uint8Array(19 + name.length);
    const view = new DataView(frame.buffer);
    view.setUint8(0, "N".charCodeAt(0));
    view.setBigUint64(1, flags);
    view.setUint32(9, 1234);
    view.setUint32(13, 3);
    view.setUint16(17, name.length);
    frame.set(new TextEncoder().encode(name), 19);
    return frame;
  };
  const played = (...frames: Uint8Array[]): HandshakeStep | undefined => {
    const handshake = begun();
    return frames.map((frame) => handshake.step(frame)).at(-1);
  };

  test("hides us: we do not say that we are to be published", () => {
    const flags = new DataView(begun().first().buffer).getBigUint64(1);
    expect(flags & DIST_FLAG.published).toBe(0n);
    expect(flags).toBe(OWN_FLAGS);
  });

  test("goes on where an older connection of our name is still held", () => {
    expect(played(status("alive"))).toEqual({ kind: "send", frames: [status("true")] });
  });

  test.each<[string, Uint8Array[], string]>([
    ["not allowed", [status("not_allowed")], "does not allow us"],
    ["being connected to already", [status("nok")], "already being connected"],
    ["an older node", [status("ok"), Uint8Array.of(110, 0, 5)], "older handshake"],
    ["another node", [status("ok"), challenge("eve@h", OWN_FLAGS)], "another node"],
    ["a node that lacks something", [status("ok"), challenge("dna@h", OWN_FLAGS & ~DIST_FLAG.mapTag)], "lacks"],
    [
      "a node that does not know the cookie",
      [status("ok"), challenge("dna@h", OWN_FLAGS), Uint8Array.of(97, ...digestBy("other")(5))],
      "does not know the cookie",
    ],
  ])("is refused: %s", (_name, frames, words) => {
    expect(played(...frames)).toEqual({ kind: "refused", reason: expect.stringContaining(words) });
  });

  test("proves the cookie without telling it, and knows when the answer to that is missing", () => {
    const handshake = begun();
    handshake.step(status("ok"));
    expect(handshake.awaitsAck).toBe(false);
    const step = handshake.step(challenge("dna@h", OWN_FLAGS));
    expect(handshake.awaitsAck).toBe(true);
    const reply = step.kind === "send" ? step.frames[0] : undefined;
    expect(hex(reply ?? new Uint8Array())).toBe(`7200000005${hex(digestBy("cookie")(1234))}`);
    expect(handshake.step(Uint8Array.of(97, ...digestBy("cookie")(5)))).toMatchObject({ kind: "done" });
  });

  test("whatever is no handshake is malformed, in any place and however cut", () => {
    const good = [status("ok"), challenge("dna@h", OWN_FLAGS), Uint8Array.of(97, ...digestBy("cookie")(5))];
    fc.assert(
      fc.property(fc.nat({ max: 2 }), fc.uint8Array({ maxLength: 30 }), (place, bytes) => {
        const outcome = failureOf(() => played(...good.slice(0, place), bytes) ?? { kind: "none" });
        expect(["upstream-malformed", "refused", "wait", "send"]).toContain(outcome);
      }),
      { numRuns: 300 },
    );
  });
});

describe("messages", () => {
  const control = (bytes: Uint8Array): readonly Term[] => {
    expect(new DataView(bytes.buffer).getUint32(0)).toBe(bytes.length - 4);
    expect(bytes[4]).toBe(112);
    const first = decodeTermAt(bytes, 5);
    return first.end === bytes.length ? [first.term] : [first.term, decodeTermAt(bytes, first.end).term];
  };

  test("a call spawns erpc's own function, watched, with us as its group leader", () => {
    const call = { reference, self, module: "lists", function: "seq", args: [1, 300] };
    expect(control(encodeCall(call))).toEqual([
      tuple(29, reference, self, self, tuple(atom("erpc"), atom("execute_call"), 4), list([atom("monitor")])),
      list([reference, atom("lists"), atom("seq"), list([1, 300])]),
    ]);
    expect(control(encodeRexCall(call))).toEqual([
      tuple(6, self, atom(""), atom("rex")),
      tuple(
        atom("$gen_call"),
        tuple(self, reference),
        tuple(atom("call"), atom("lists"), atom("seq"), list([1, 300]), self),
      ),
    ]);
  });

  test("giving up takes the watch away and kills what was spawned", () => {
    expect(control(encodeDemonitor(self, there, reference))).toEqual([tuple(20, self, there, reference)]);
    expect(control(encodeKill(self, there))).toEqual([tuple(26, self, there), atom("kill")]);
    expect(control(encodeSend(there, atom("hi")))).toEqual([tuple(2, atom(""), there), atom("hi")]);
  });

  const frame = (...terms: readonly Term[]): Uint8Array =>
    Uint8Array.of(112, ...terms.flatMap((term) => [...encodeTerm(term)]));
  test("every form that a node may use is understood", () => {
    expect(decodeMessage(new Uint8Array())).toEqual({ kind: "tick" });
    expect(decodeMessage(frame(tuple(22, there, self), 1))).toEqual({ kind: "send", to: self, message: 1 });
    expect(decodeMessage(frame(tuple(33, there, reference), 1))).toEqual({
      kind: "send-alias",
      alias: reference,
      message: 1,
    });
    expect(decodeMessage(frame(tuple(6, there, atom(""), atom("net_kernel")), 1))).toMatchObject({
      name: "net_kernel",
    });
    expect(decodeMessage(frame(tuple(21, there, self, reference, atom("killed"))))).toMatchObject({
      kind: "down",
      reason: atom("killed"),
    });
    expect(decodeMessage(frame(tuple(35, 9, there, self)))).toMatchObject({ kind: "unlink", id: 9 });
    for (const operation of [1, 3, 4, 7, 8, 19, 20, 24, 36, 37, 99]) {
      expect(decodeMessage(frame(tuple(operation, there, self)))).toEqual({ kind: "other", operation });
    }
  });

  test.each<[string, Uint8Array]>([
    ["of another type", Uint8Array.of(131, 68, 0)],
    ["without a tuple", frame(atom("x"))],
    ["without its number", frame(tuple(atom("x")))],
    ["with somebody else where a process belongs", frame(tuple(2, atom(""), atom("rex")), 1)],
    ["with bytes after it", Uint8Array.of(...frame(tuple(2, atom(""), self), 1), 0)],
    ["that is too short", frame(tuple(31, reference))],
  ])("a frame %s is malformed", (_name, bytes) => {
    expect(failureOf(() => decodeMessage(bytes))).toBe("upstream-malformed");
  });

  test("a result that is over a limit fails its own call", () => {
    const large = frame(tuple(28, there, self, reference), tuple(reference, atom("return"), list([1, 2, 3])));
    expect(decodeMessage(large, { limits: { termsMax: 6 } })).toMatchObject({
      kind: "down-unreadable",
      reference,
      cause: { code: "limit-exceeded" },
    });
  });
});

describe("answers", () => {
  test("only a result that bears our reference is ours", () => {
    const other = { ...reference, words: [9, 9, 9] };
    expect(sameReference(reference, { ...reference, words: [1, 2, 3] })).toBe(true);
    expect(erpcOutcome(reference, tuple(reference, atom("return"), 1))).toEqual({ kind: "value", value: 1 });
    expect(erpcOutcome(reference, tuple(other, atom("return"), 1))).toMatchObject({ kind: "lost" });
    expect(erpcOutcome(reference, atom("killed"))).toEqual({ kind: "lost", reason: "killed", started: true });
  });

  test("rex says bad things in its own way", () => {
    expect(rexOutcome(tuple(atom("ok"), 1))).toEqual({ kind: "value", value: tuple(atom("ok"), 1) });
    const exit = tuple(atom("badrpc"), tuple(atom("EXIT"), tuple(atom("undef"), list([]))));
    expect(rexOutcome(exit)).toEqual({ kind: "raised", class: "error", reason: atom("undef") });
    expect(rexOutcome(tuple(atom("badrpc"), atom("nodedown")))).toMatchObject({
      class: "exit",
      reason: atom("nodedown"),
    });
  });

  test("what prints by us is thanked, what asks us is told that we have no terminal", () => {
    const request = (what: Term): Term => tuple(atom("io_request"), there, reference, what);
    expect(ioAnswer(request(tuple(atom("put_chars"), atom("unicode"), charlist("x"))))).toEqual({
      to: there,
      answer: tuple(atom("io_reply"), reference, atom("ok")),
    });
    expect(ioAnswer(request(atom("getopts")))?.answer).toEqual(
      tuple(atom("io_reply"), reference, tuple(atom("error"), atom("enotsup"))),
    );
    expect(ioAnswer(tuple(atom("hello"), 1))).toBeNull();
  });

  test("reasons are named without what is in them", () => {
    expect(reasonName(tuple(atom("badmatch"), text("an actor's data")))).toBe("badmatch");
    expect(reasonName(text("an actor's data"))).toBe("(binary)");
    expect(spawnFailure(atom("system_limit"))).toBe("system_limit");
    expect(failureOf(() => ({ kind: spawnFailure(7) }))).toBe("upstream-malformed");
  });
});
