import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as hand from "./by-hand.test-kit.ts";
import { bytesOf, hexOf } from "./by-hand.test-kit.ts";
import { type Envelope, isReply, type Message, replyTo } from "./envelope.ts";
import { decodeEnvelope, rubyRefusal } from "./envelope-decode.ts";
import { encodeEnvelope } from "./envelope-encode.ts";
import { decodePayload } from "./payload.ts";
import { encodeClientWorld } from "./world-record.ts";

const A = "11111111-1111-4111-8111-111111111111";
const B = "22222222-2222-4222-8222-222222222222";
const P = "33333333-3333-4333-8333-333333333333";

/** Every message as real worlds of Dynflow 2.0.0 put it into `dynflow_envelopes`: decoded by them, and their bytes. */
type Vector = { readonly envelope: unknown; readonly msgpack_hex: string };
const vectors: Record<string, Vector> = JSON.parse(readFileSync("fixtures/dynflow/envelopes.v25.json", "utf8"));

type EventMessage = Extract<Message, { type: "Event" }>;
const event = (value: EventMessage["event"], time: string | null = null): EventMessage => ({
  type: "Event",
  planId: P,
  stepId: 2,
  event: value,
  time,
  optional: false,
});

const MEANING: Readonly<Record<string, Message>> = {
  execution: { type: "Execution", planId: P },
  planning: { type: "Planning", planId: P },
  halt: { type: "Halt", planId: P },
  event_cancel: event({ kind: "atom", atom: "cancel" }),
  event_abort: event({ kind: "atom", atom: "abort" }),
  event_poll: event({ kind: "atom", atom: "poll" }),
  event_skip: event({ kind: "atom", atom: "skip" }),
  event_hash: event({ kind: "value", value: { any: [1, null] } }),
  event_string: event({ kind: "value", value: "text" }),
  event_symbol: event({ kind: "value", value: "sym" }),
  event_at: event({ kind: "atom", atom: "poll" }, "2023-11-14T22:13:20.250000Z"),
  ping: { type: "Ping", receiverId: B, useCache: true },
  status: { type: "Status", receiverId: B, planId: P },
  status_all: { type: "Status", receiverId: B, planId: null },
  accepted: { type: "Accepted" },
  done: { type: "Done" },
  pong: { type: "Pong" },
  failed: { type: "Failed", error: "some error" },
  execution_status: {
    type: "ExecutionStatus",
    queues: [{ queue: "default", poolSize: 5, freeWorkers: 5, queueSize: 0 }],
  },
};

const rows = Object.entries(vectors).map(([name, vector]) => ({ name, hex: vector.msgpack_hex }));
const envelopeOf = (name: string, message: Message): Envelope => {
  const raw = vectors[name]?.envelope;
  if (raw === null || typeof raw !== "object" || !("sender_id" in raw) || !("receiver_id" in raw))
    throw new Error(name);
  if (!("request_id" in raw)) throw new Error(name);
  return {
    requestId: String(raw.request_id),
    senderId: String(raw.sender_id),
    receiverId: String(raw.receiver_id),
    message,
  };
};
const meaningOf = (name: string): Message => {
  const message = MEANING[name];
  if (message === undefined) throw new Error(`no meaning is written down for the vector ${name}`);
  return message;
};

const encoded = (envelope: Envelope): Uint8Array => {
  const result = encodeEnvelope(envelope);
  if (!result.ok) throw new Error(result.reason);
  return result.value;
};
const ask = (message: Message): Envelope => ({ requestId: `${A}-1`, senderId: A, receiverId: B, message });

describe("envelopes of real worlds", () => {
  it("hold every message there is, and none we have no meaning for", () => {
    expect(rows.map(({ name }) => name).sort()).toEqual(Object.keys(MEANING).sort());
  });

  it.each(rows)("$name decodes to what it means, without a deviation", ({ name, hex }) => {
    const envelope = envelopeOf(name, meaningOf(name));
    expect(decodeEnvelope(bytesOf(hex))).toEqual({ ok: true, envelope, deviations: [] });
  });

  it.each(rows)("$name is written byte for byte as Ruby writes it", ({ name, hex }) => {
    expect(hexOf(encoded(envelopeOf(name, meaningOf(name))))).toBe(hex);
  });

  it.each(rows)("$name cut at any byte is refused, and Ruby would refuse it", ({ hex }) => {
    const bytes = bytesOf(hex);
    for (let cut = 0; cut < bytes.length; cut += 1) {
      expect(decodeEnvelope(bytes.subarray(0, cut))).toMatchObject({ ok: false, bytes: cut });
      expect(rubyRefusal(bytes.subarray(0, cut))).not.toBeNull();
    }
    expect(rubyRefusal(bytesOf(`${hex}c0`))).not.toBeNull();
  });
});

const wire = (message: string, head: Readonly<Record<string, string>> = {}): Uint8Array =>
  bytesOf(
    hand.map(
      ["algebrick_type", head.type ?? hand.text("Dynflow::Dispatcher::Envelope")],
      ["request_id", head.requestId ?? hand.text(`${A}-1`)],
      ["sender_id", hand.text(A)],
      ["receiver_id", head.receiverId ?? hand.text(B)],
      ["message", message],
      ...(head.extra === undefined ? [] : [["extra", head.extra] as const]),
    ),
  );
const typed = (name: string, ...pairs: readonly (readonly [string, string])[]) =>
  hand.map(["algebrick_type", hand.text(name)], ...pairs);
const wireEvent = (...pairs: readonly (readonly [string, string])[]) =>
  typed("Dynflow::Dispatcher::Event", ["execution_plan_id", hand.text(P)], ...pairs);
const CANCEL = typed("Dynflow::Action::Cancellable::Cancel");

describe("what costs a real world its whole batch", () => {
  const PONG = typed("Dynflow::Dispatcher::Pong");
  it.each<[string, Uint8Array]>([
    ["an unknown message", wire(typed("Dynflow::Dispatcher::Reboot"))],
    ["a message without a type", wire(hand.map())],
    [
      "an unknown event",
      wire(wireEvent(["step_id", "02"], ["event", typed("Lab::Event")], ["time", "c0"], ["optional", "c2"])),
    ],
    ["an event without optional", wire(wireEvent(["step_id", "02"], ["event", CANCEL], ["time", "c0"]))],
    ["a ping without use_cache", wire(typed("Dynflow::Dispatcher::Ping", ["receiver_id", hand.text(B)]))],
    ["an extra key in the envelope", wire(PONG, { extra: "01" })],
    ["an extra key in the message", wire(typed("Dynflow::Dispatcher::Pong", ["why", "c0"]))],
    ["an integer request id", wire(PONG, { requestId: "07" })],
    [
      "a fractional step id",
      wire(wireEvent(["step_id", hand.float(2)], ["event", CANCEL], ["time", "c0"], ["optional", "c2"])),
    ],
    ["a time that is none", wire(wireEvent(["step_id", "02"], ["event", CANCEL], ["time", "05"], ["optional", "c2"]))],
    ["a plan id that is no text", wire(typed("Dynflow::Dispatcher::Execution", ["execution_plan_id", "07"]))],
    ["another record", wire(PONG, { type: hand.text("Dynflow::Dispatcher::Letter") })],
    ["a receiver that is no text", wire(PONG, { receiverId: typed("Dynflow::Dispatcher::AnyExecutor") })],
  ])("%s", (_name, bytes) => {
    expect(rubyRefusal(bytes)).toEqual(expect.any(String));
  });

  it("but not: keys in another order, a left-out time, any text as request id", () => {
    const shuffled = hand.map(
      ["message", wireEvent(["optional", "c3"], ["event", CANCEL], ["step_id", "02"])],
      ["receiver_id", hand.text(B)],
      ["request_id", hand.text("anything goes")],
      ["sender_id", hand.text(A)],
      ["algebrick_type", hand.text("Dynflow::Dispatcher::Envelope")],
    );
    expect(rubyRefusal(bytesOf(shuffled))).toBeNull();
  });
});

describe("a text that Ruby holds without an encoding is a text", () => {
  const failed = (hex: string) => decodeEnvelope(wire(typed("Dynflow::Dispatcher::Failed", ["error", hex])));
  it.each([
    ["c405636166c3a9", "café"],
    ["c40361ff62", "a\\xffb"],
    ["a361ff62", "a\\xffb"],
  ])("%s is why something failed: %j", (hex, error) => {
    expect(failed(hex)).toMatchObject({ ok: true, envelope: { message: { type: "Failed", error } }, deviations: [] });
  });
});

describe("reading is tolerant", () => {
  it("a ping of a newer release, with a key more, is still a ping", () => {
    const ping = typed(
      "Dynflow::Dispatcher::Ping",
      ["receiver_id", hand.text(B)],
      ["use_cache", "c2"],
      ["priority", "01"],
    );
    expect(decodeEnvelope(wire(ping))).toMatchObject({
      ok: true,
      envelope: { message: { type: "Ping", receiverId: B, useCache: false } },
      deviations: ["Ping has an extra key priority"],
    });
  });

  it("an unknown message keeps its envelope and its name", () => {
    expect(decodeEnvelope(wire(typed("Dynflow::Dispatcher::Reboot")))).toMatchObject({
      ok: true,
      envelope: { senderId: A, message: { type: "Unknown", name: "Dynflow::Dispatcher::Reboot" } },
    });
  });

  it("marshalled Ruby is never decoded: it stays opaque", () => {
    const marshalled = hand.map(["class", hand.text("Set")], ["marshaled", hand.text("BAhvOghTZXQ=")]);
    const bytes = wire(wireEvent(["step_id", "02"], ["event", marshalled], ["time", "c0"], ["optional", "c2"]));
    expect(decodeEnvelope(bytes)).toMatchObject({
      ok: true,
      envelope: { message: { type: "Event", event: { kind: "opaque", name: "Set" } } },
    });
  });
});

describe("writing is strict", () => {
  it.each<[string, Envelope]>([
    ["a sender that is no world id", { ...ask({ type: "Pong" }), senderId: "me" }],
    ["a receiver that is no world id", { ...ask({ type: "Pong" }), receiverId: "" }],
    ["an empty request id", { ...ask({ type: "Pong" }), requestId: "" }],
    ["a plan that is no plan id", ask({ type: "Execution", planId: "'; --" })],
    ["a fractional step id", ask({ ...event({ kind: "atom", atom: "cancel" }), stepId: 2.5 })],
    ["a negative step id", ask({ ...event({ kind: "atom", atom: "cancel" }), stepId: -1 })],
    ["a time that is none", ask(event({ kind: "atom", atom: "cancel" }, "soon"))],
    ["an opaque event", ask(event({ kind: "opaque", name: "Lab::Event" }))],
    ["a value Ruby would take for an object", ask(event({ kind: "value", value: { class: "Set", marshaled: "x" } }))],
    ["a value that hides a type deep inside", ask(event({ kind: "value", value: [{ a: { algebrick_type: "X" } }] }))],
    ["a value that is a time ext", ask(event({ kind: "value", value: { $time: "2023-11-14T22:13:20.250000000Z" } }))],
    ["a message we do not know", ask({ type: "Unknown", name: "Dynflow::Dispatcher::Reboot" })],
    ["an error text without end", ask({ type: "Failed", error: "x".repeat(2_000_000) })],
  ])("%s is not written", (_name, envelope) => {
    expect(encodeEnvelope(envelope)).toEqual({ ok: false, reason: expect.stringMatching(/./) });
  });

  it("all that is written, Ruby can read", () => {
    for (const message of Object.values(MEANING)) expect(rubyRefusal(encoded(ask(message)))).toBeNull();
  });
});

describe("replies", () => {
  it("repeat the request id and swap sender and receiver", () => {
    expect(replyTo(ask({ type: "Ping", receiverId: B, useCache: false }), { type: "Pong" })).toEqual({
      requestId: `${A}-1`,
      senderId: B,
      receiverId: A,
      message: { type: "Pong" },
    });
  });

  it("are told from requests", () => {
    const replies = Object.entries(MEANING).filter(([, message]) => isReply(message));
    expect(replies.map(([name]) => name).sort()).toEqual(["accepted", "done", "execution_status", "failed", "pong"]);
  });
});

describe("the record of a client world", () => {
  it("is what Ruby writes for one, last_seen included", () => {
    const bytes = encodeClientWorld({
      id: A,
      hostname: "node.example.test",
      pid: 22_852,
      lastSeenText: "2026-11-22 05:48:11.644",
    });
    expect(hexOf(bytes)).toBe(
      hand.map(
        ["class", hand.text("Dynflow::Coordinator::ClientWorld")],
        ["id", hand.text(A)],
        [
          "meta",
          hand.map(
            ["hostname", hand.text("node.example.test")],
            ["pid", hand.int(22_852)],
            ["last_seen", hand.text("2026-11-22 05:48:11.644")],
          ),
        ],
      ),
    );
    expect(decodePayload(bytes)).toMatchObject({ ok: true, value: { id: A } });
  });
});

describe("envelopes of the JSON era", () => {
  const old: Record<string, { readonly envelope: unknown }> = JSON.parse(
    readFileSync("fixtures/dynflow/envelopes.v20.json", "utf8"),
  );

  it.each(Object.keys(old))("writes %s field for field as a world of 1.5 did, and reads it back", (name) => {
    const message = MEANING[name];
    if (message === undefined) return expect.fail(`what ${name} means is not said`);
    const envelope = envelopeOf(name, message);
    const bytes = encodeEnvelope(envelope, "json");
    if (!bytes.ok) return expect.fail(bytes.reason);
    expect(JSON.parse(new TextDecoder().decode(bytes.value))).toEqual(old[name]?.envelope);
    expect(decodeEnvelope(bytes.value)).toEqual({ ok: true, envelope, deviations: [] });
  });

  const said = (requestId: string | number, message: Readonly<Record<string, unknown>>, extra = {}) =>
    rubyRefusal(
      new TextEncoder().encode(
        JSON.stringify({
          algebrick_type: "Dynflow::Dispatcher::Envelope",
          request_id: requestId,
          sender_id: A,
          receiver_id: B,
          message,
          ...extra,
        }),
      ),
    );
  const event = {
    algebrick_type: "Dynflow::Dispatcher::Event",
    execution_plan_id: P,
    step_id: 2,
    event: { algebrick_type: "Dynflow::Action::Cancellable::Cancel" },
  };
  const ping = { algebrick_type: "Dynflow::Dispatcher::Ping", receiver_id: B };

  it.each([
    ["a numbered request of 1.3", said(7, { algebrick_type: "Dynflow::Dispatcher::Pong" })],
    ["an event of 1.3, without time and optional", said(7, event)],
    ["a ping of 1.0, without use_cache", said(7, ping)],
    ["an event of 1.4.3, without optional", said(`${A}-7`, { ...event, time: null })],
  ])("%s could be read by the release that wrote it", (_name, refusal) => {
    expect(refusal).toBeNull();
  });

  it.each([
    ["a ping of 1.4 without use_cache", said(`${A}-7`, ping), "Ping lacks use_cache"],
    ["an extra key", said(7, ping, { extra: 1 }), "envelope has an extra key extra"],
    ["an unknown message", said(7, { algebrick_type: "Lab::Letter" }), "unknown message Lab::Letter"],
  ])("%s could be read by no release of that time", (_name, refusal, reason) => {
    expect(refusal).toBe(reason);
  });

  it("writes no value that JSON would change", () => {
    const event = { kind: "value", value: { $int: "18446744073709551615" } } as const;
    const message = { type: "Event", planId: P, stepId: 2, event, time: null, optional: false } as const;
    const envelope = { requestId: `${A}-1`, senderId: A, receiverId: B, message };
    expect(encodeEnvelope(envelope).ok).toBe(true);
    expect(encodeEnvelope(envelope, "json")).toEqual({
      ok: false,
      reason: expect.stringContaining("JSON has no form"),
    });
  });
});
