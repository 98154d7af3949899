import { afterEach, expect, test } from "vitest";
import { createRandom } from "#server/demo/dna/random.ts";
import { ANSWERED, ANSWERED_HANDSHAKE, framesOf } from "#server/dna/codec/dist/session.test-kit.ts";
import { decodeTermAt } from "#server/dna/codec/etf/decode.ts";
import { encodeTerm } from "#server/dna/codec/etf/encode.ts";
import { atom, type PidTerm, type Term, tuple } from "#server/dna/codec/etf/term.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock, createSystemClock } from "#server/runtime/clock.ts";
import { createRemoteNodes } from "./node-pool.ts";
import type { RemoteNodesOptions } from "./options.ts";
import { neverSent, type RemoteNodes } from "./remote-nodes.ts";
import {
  FAKE_COOKIE,
  FAKE_NAME,
  type FakeNode,
  type FakeStages,
  four,
  startFakeNode,
} from "./testing/fake-node.test-kit.ts";

const SOON = { timeout: 10_000, interval: 10 };
const cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0).reverse()) await cleanUp();
});

async function facing(
  stages: FakeStages,
  more: Partial<RemoteNodesOptions> = {},
): Promise<{ readonly nodes: RemoteNodes; readonly fake: FakeNode }> {
  const fake = await startFakeNode(stages);
  const nodes = createRemoteNodes({
    name: "worldline@127.0.0.1",
    cookie: { reveal: () => FAKE_COOKIE },
    reach: { kind: "fixed", port: fake.port },
    tls: null,
    clock: createSystemClock(),
    log: silentLogger,
    random: () => 0,
    ...more,
  });
  cleanUps.push(
    () => fake.close(),
    () => nodes.close(),
  );
  return { nodes, fake };
}
const ask = (nodes: RemoteNodes, timeoutMs = 10_000): Promise<unknown> =>
  nodes
    .call(FAKE_NAME, { module: "erlang", function: "node", args: [] }, { timeoutMs })
    .catch((cause: unknown) => cause);

const there: PidTerm = { type: "pid", node: FAKE_NAME, id: 90, serial: 0, creation: 5 };
/** The terms of a frame. */
function termsOf(frame: Buffer): readonly Term[] {
  const control = decodeTermAt(frame, 1);
  return control.end === frame.length ? [control.term] : [control.term, decodeTermAt(frame, control.end).term];
}
const message = (...terms: readonly Term[]): Buffer =>
  four(Buffer.concat([Buffer.of(112), ...terms.map((term) => encodeTerm(term))]));
/** What a spawn request asks: its reference and who asks. */
function requestOf(frame: Buffer | null): { readonly reference: Term; readonly from: Term } | null {
  const [control] = frame === null || frame.length === 0 ? [] : termsOf(frame);
  const items = typeof control === "object" && control.type === "tuple" ? control.items : [];
  const [operation, reference, from] = items;
  return operation === 29 && reference !== undefined && from !== undefined ? { reference, from } : null;
}
/** Confirms each spawn, and ends it with what `result` makes of its reference. */
const answering =
  (result: (reference: Term) => Term): NonNullable<FakeStages["frame"]> =>
  (socket, frame) => {
    const request = requestOf(frame);
    if (request === null) return;
    socket.write(message(tuple(31, request.reference, request.from, 2, there)));
    socket.write(message(tuple(28, there, request.from, request.reference), result(request.reference)));
  };

test("a stand-in that does it right is believed, byte by byte too", async () => {
  const right = answering((reference) => tuple(reference, atom("return"), atom("here")));
  const whole = await facing({ frame: right });
  expect(await ask(whole.nodes)).toEqual(atom("here"));
  let queue = Buffer.alloc(0);
  const trickling = await facing({
    frame: (socket, frame) => {
      const request = requestOf(frame);
      if (request === null) return;
      const idle = queue.length === 0;
      const { reference, from } = request;
      const result = message(tuple(28, there, from, reference), tuple(reference, atom("return"), 7));
      queue = Buffer.concat([queue, message(tuple(31, reference, from, 2, there)), result]);
      const next = (): void => {
        const byte = queue.subarray(0, 1);
        queue = queue.subarray(1);
        if (byte.length > 0) socket.write(byte, () => setImmediate(next));
      };
      if (idle) next();
    },
  });
  expect(await ask(trickling.nodes, 5_000)).toBe(7);
});

test.each<[string, FakeStages, "unreachable" | "refused", string]>([
  ["closes at once", { connected: (socket) => socket.destroy() }, "unreachable", "closed"],
  ["speaks another protocol", { status: Buffer.from("HTTP/1.1 400") }, "unreachable", "no handshake"],
  ["has a status of its own", { status: Buffer.from("snonsense") }, "unreachable", "status"],
  ["does not allow us", { status: Buffer.from("snot_allowed") }, "refused", "does not allow us"],
  ["cuts its challenge", { challenge: Buffer.from("N123") }, "unreachable", "cut"],
  ["is older", { challenge: Buffer.from("n\x00\x05") }, "refused", "older"],
  ["closes after our proof", { ack: null }, "refused", "cookie"],
  ["proves nothing", { ack: Buffer.concat([Buffer.from("a"), Buffer.alloc(16)]) }, "refused", "cookie"],
])("a node that %s: nothing was sent, and the state says why", async (_name, stages, kind, words) => {
  const { nodes, fake } = await facing(stages);
  const cause = await ask(nodes);
  expect(neverSent(cause)).toBe(true);
  expect(nodes.link(FAKE_NAME)).toMatchObject({ kind, reason: expect.stringContaining(words) });
  await ask(nodes);
  expect(fake.connections()).toBe(1);
});

test("a node that accepts and says nothing is given up after five seconds", async () => {
  const clock = createManualClock();
  const { nodes, fake } = await facing({ connected: (socket) => socket.removeAllListeners("data").pause() }, { clock });
  const asked = ask(nodes, 60_000);
  await expect.poll(() => fake.connections(), SOON).toBe(1);
  await clock.advance(5_000);
  expect(neverSent(await asked)).toBe(true);
  expect(nodes.link(FAKE_NAME)).toMatchObject({
    kind: "unreachable",
    reason: expect.stringMatching(/does not (shake hands|answer)/),
  });
});

test.each<[string, Buffer]>([
  ["a frame of another type", four(Buffer.of(1, 2, 3))],
  ["a frame that is no term", four(Buffer.of(112, 131, 200))],
  ["a control message that is none", message(atom("hello"))],
  ["a length over the cap", Buffer.of(0xff, 0xff, 0xff, 0xff)],
])("%s ends the connection; who waits is told that it may have been carried out", async (_name, bytes) => {
  const { nodes } = await facing({ frame: (socket, frame) => void (requestOf(frame) && socket.write(bytes)) });
  const cause = await ask(nodes);
  expect(cause).toMatchObject({
    code: expect.stringMatching(/upstream-unavailable|limit-exceeded/),
    details: { sent: true },
  });
  expect(nodes.link(FAKE_NAME)).toMatchObject({ kind: "unreachable", reason: expect.any(String) });
});

test("answers to nobody, twice, late, or for another are not taken for ours", async () => {
  const stranger: Term = { type: "reference", node: "worldline@127.0.0.1", creation: 1, words: [9, 9, 9] };
  const { nodes } = await facing({
    frame: (socket, frame) => {
      const request = requestOf(frame);
      if (request === null) return;
      const { reference, from } = request;
      socket.write(message(tuple(31, stranger, from, 2, there)));
      socket.write(message(tuple(28, there, from, stranger), tuple(stranger, atom("return"), 1)));
      socket.write(message(tuple(31, reference, from, 2, there)));
      const ours = message(tuple(28, there, from, reference), tuple(reference, atom("return"), 2));
      socket.write(Buffer.concat([ours, ours]));
    },
  });
  expect(await Promise.all([ask(nodes), ask(nodes)])).toEqual([2, 2]);
  const forged = await facing({ frame: answering(() => tuple(stranger, atom("return"), 1)) });
  expect(await ask(forged.nodes)).toMatchObject({ code: "upstream-unavailable", details: { sent: true } });
});

test("a spawn that the node could not start was not carried out", async () => {
  const { nodes } = await facing({
    frame: (socket, frame) => {
      const request = requestOf(frame);
      if (request !== null) socket.write(message(tuple(31, request.reference, request.from, 0, atom("system_limit"))));
    },
  });
  const cause = await ask(nodes);
  expect(cause).toMatchObject({ code: "upstream-unavailable" });
  expect(neverSent(cause)).toBe(true);
});

test("what is asked of us is done: ticks are answered, unlinks confirmed", async () => {
  const heard: Buffer[] = [];
  const { nodes } = await facing({
    frame: (socket, frame) => {
      if (frame === null)
        socket.write(
          Buffer.concat([Buffer.alloc(4), message(tuple(35, 77, there, { ...there, node: "worldline@127.0.0.1" }))]),
        );
      else heard.push(Buffer.from(frame));
      answering((reference) => tuple(reference, atom("return"), 1))(socket, frame);
    },
  });
  expect(await ask(nodes)).toBe(1);
  await expect.poll(() => heard.some((frame) => frame.length === 0), SOON).toBe(true);
  const acknowledged = heard.filter((frame) => frame.length > 0).map((frame) => termsOf(frame)[0]);
  expect(acknowledged).toContainEqual(tuple(36, 77, { ...there, node: "worldline@127.0.0.1" }, there));
});

test("a node that confirms nothing is left after two seconds, though it accepts everything", async () => {
  const clock = createManualClock();
  const heard: Buffer[] = [];
  const { nodes } = await facing({ frame: (_socket, frame) => void (frame === null || heard.push(frame)) }, { clock });
  const asked = ask(nodes, 60_000);
  await expect.poll(() => heard.length, SOON).toBeGreaterThan(0);
  await clock.advance(2_500);
  expect(await asked).toMatchObject({ code: "upstream-unavailable", details: { sent: true } });
  expect(nodes.link(FAKE_NAME)).toMatchObject({ kind: "unreachable", reason: expect.stringContaining("not a byte") });
});

test("a console that was not at work itself does not call the node silent", async () => {
  const manual = createManualClock();
  const clock = {
    ...manual,
    sleep: (ms: number, signal?: AbortSignal) => manual.sleep(ms < 1_000 ? ms + 3_000 : ms, signal),
  };
  const heard: Buffer[] = [];
  const { nodes } = await facing({ frame: (_socket, frame) => void (frame === null || heard.push(frame)) }, { clock });
  const asked = ask(nodes, 20_000);
  await expect.poll(() => heard.length, SOON).toBeGreaterThan(0);
  await manual.advance(19_000);
  expect(nodes.link(FAKE_NAME)).toMatchObject({ kind: "connected" });
  await manual.advance(1_000);
  expect(await asked).toMatchObject({
    code: "upstream-unavailable",
    message: expect.stringContaining("no answer within"),
  });
});

test("whatever an open connection is sent, each call has an end and the link a state", async () => {
  const seed = 20_261_122;
  const random = createRandom(seed);
  const recorded = framesOf(ANSWERED, ANSWERED_HANDSHAKE).slice(ANSWERED_HANDSHAKE);
  const kinds = new Set<string>();
  for (let round = 0; round < 60; round += 1) {
    const { nodes, fake } = await facing({
      frame: (socket, frame) => {
        if (requestOf(frame) === null) return;
        const bytes = Buffer.from(recorded[random.below(recorded.length)] ?? []);
        if (bytes.length > 0) bytes[random.below(bytes.length)] = random.below(256);
        socket.write(four(bytes));
        if (random.chance(0.3)) socket.end();
      },
    });
    const outcome = await ask(nodes, 150);
    expect(outcome, `seed ${seed}, round ${round}`).toBeInstanceOf(OpsError);
    kinds.add(nodes.link(FAKE_NAME).kind);
    await nodes.close();
    fake.close();
  }
  // `idle` is left by a round whose time was up before the hands were shaken.
  expect([...kinds].filter((kind) => !["idle", "connected", "unreachable"].includes(kind))).toEqual([]);
  expect(kinds).toContain("unreachable");
});
