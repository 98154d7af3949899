import { afterEach, describe, expect, it } from "vitest";
import { maskEvent } from "#server/contract/mask.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createMemoryMail } from "./client-world.test-kit.ts";
import { openClientWorld } from "./client-world-runner.ts";
import { encodeEnvelope } from "./codec/envelope-encode.ts";
import { encodePayload } from "./codec/payload.ts";
import type { StoredForm } from "./codec/stored.ts";
import { createMemoryJournal, createMemoryStateStore } from "./follower.test-kit.ts";
import { createUndecodableEnvelopes, UNDECODABLE_KEPT_MAX } from "./undecodable-envelopes.ts";

const US = "11111111-1111-4111-8111-111111111111";
const THEM = "22222222-2222-4222-8222-222222222222";
const GARBAGE = new Uint8Array([0xc1, 0xff, 0x00, ...new Uint8Array(200).fill(7)]);

let stop: (() => Promise<void>) | null = null;
afterEach(async () => stop?.());

async function open(encoding: StoredForm = "msgpack") {
  const clock = createManualClock();
  const mail = createMemoryMail();
  const state = createMemoryStateStore();
  const journal = createMemoryJournal(clock);
  const envelopes = () =>
    createUndecodableEnvelopes({ sourceId: "foreman", state, recorder: journal.recorder, clock, log: silentLogger });
  const undecodable = envelopes();
  const world = await openClientWorld({
    sourceId: "foreman",
    mailbox: mail.mailbox,
    state,
    clock,
    log: silentLogger,
    notifies: false,
    hostname: "ops",
    pid: 1,
    newWorldId: () => US,
    undecodable,
    encoding,
  });
  const abort = new AbortController();
  const ended = world.run(abort.signal);
  stop = async () => {
    abort.abort();
    await ended;
  };
  await clock.advance(10);
  const put = (data: Uint8Array) => mail.rows.push({ id: 1_000 + mail.rows.length, receiverId: US, data });
  return { clock, mail, state, journal, undecodable, put, envelopes };
}

const ping = (mail: ReturnType<typeof createMemoryMail>, requestId: string) =>
  mail.post({
    requestId,
    senderId: THEM,
    receiverId: US,
    message: { type: "Ping", receiverId: US, useCache: false },
  });

describe("an envelope for us that we cannot decode", () => {
  it("is kept, journalled and shown, and the others of its batch are handled", async () => {
    const { clock, mail, journal, undecodable, put } = await open();
    ping(mail, `${THEM}-1`);
    put(GARBAGE);
    ping(mail, `${THEM}-2`);
    await clock.advance(2_000);
    expect(mail.take(THEM).map(({ requestId }) => requestId)).toEqual([`${THEM}-1`, `${THEM}-2`]);
    const [kept, ...more] = undecodable.list();
    expect(more).toEqual([]);
    expect(kept).toMatchObject({ bytes: 203, times: 1, reason: "no such tag: 0xc1" });
    expect(kept?.head).toBe(Buffer.from(GARBAGE.subarray(0, 64)).toString("hex"));
    expect(kept?.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(journal.events).toMatchObject([
      { kind: "dynflow.envelope.undecodable", subject: US, body: { bytes: 203, sha256: kept?.sha256 } },
    ]);
  });

  it("is none that is JSON text where the database writes that", async () => {
    const { clock, mail, undecodable, put } = await open("json");
    const envelope = { requestId: `${THEM}-1`, senderId: THEM, receiverId: US } as const;
    const ping = encodeEnvelope({ ...envelope, message: { type: "Ping", receiverId: US, useCache: false } }, "json");
    if (!ping.ok) return expect.fail(ping.reason);
    put(ping.value);
    put(GARBAGE);
    await clock.advance(2_000);
    expect(undecodable.list()).toMatchObject([{ bytes: 203 }]);
    const [answer] = mail.rows.filter((row) => row.receiverId === THEM);
    expect(Buffer.from(answer?.data ?? []).toString()).toContain("Dispatcher::Pong");
  });

  it("shows its bytes to operators only", async () => {
    const { clock, journal, put } = await open();
    put(GARBAGE);
    await clock.advance(2_000);
    const [event] = journal.events;
    if (event === undefined) return expect.fail("nothing was journalled");
    expect(JSON.stringify(maskEvent(event, "public"))).not.toContain("c1ff00");
    expect(JSON.stringify(maskEvent(event, "operator"))).toContain("c1ff00");
  });

  it("is one with a message of a kind that the protocol has not", async () => {
    const { clock, undecodable, put } = await open();
    put(
      encodePayload({
        algebrick_type: "Dynflow::Dispatcher::Envelope",
        request_id: `${THEM}-9`,
        sender_id: THEM,
        receiver_id: US,
        message: { algebrick_type: "Dynflow::Dispatcher::Tomorrow" },
      }),
    );
    await clock.advance(2_000);
    expect(undecodable.list()).toMatchObject([{ reason: "unknown message Dynflow::Dispatcher::Tomorrow" }]);
  });

  it("is counted when it comes again, and known to the next life of the console", async () => {
    const { clock, journal, put, envelopes } = await open();
    for (let time = 0; time < 3; time += 1) {
      put(GARBAGE);
      await clock.advance(2_000);
    }
    const next = envelopes();
    await next.load();
    expect(next.list()).toMatchObject([{ times: 3, bytes: 203 }]);
    expect(journal.events).toHaveLength(1);
  });

  it("gives way when there are too many: what is kept is bounded, in memory and in the store", async () => {
    const { state, undecodable } = await open();
    const one = (at: number) => ({ data: new Uint8Array([0xc1, at >> 8, at & 0xff]), reason: "no such tag" });
    for (let at = 0; at < 3; at += 1) {
      await undecodable.keep(Array.from({ length: UNDECODABLE_KEPT_MAX }, (_, index) => one(at * 1_000 + index)));
    }
    expect(undecodable.list()).toHaveLength(UNDECODABLE_KEPT_MAX);
    expect(await state.list("dynflow-undecodable:foreman")).toHaveLength(UNDECODABLE_KEPT_MAX);
  });

  it("is journalled later when the journal is away, and the batch is handled all the same", async () => {
    const { clock, mail, journal, put } = await open();
    journal.unavailable = true;
    put(GARBAGE);
    ping(mail, `${THEM}-1`);
    await clock.advance(2_000);
    expect(mail.take(THEM)).toHaveLength(1);
    expect(journal.events).toEqual([]);
    journal.unavailable = false;
    await clock.advance(2_000);
    expect(journal.kinds()).toEqual(["dynflow.envelope.undecodable"]);
  });

  it("is not lost to a store that takes nothing: it is shown while this life lasts", async () => {
    const { clock } = await open();
    const journal = createMemoryJournal(clock);
    const undecodable = createUndecodableEnvelopes({
      sourceId: "foreman",
      state: {
        list: async () => [],
        putAll: async () => {
          throw new OpsError("journal-unavailable", "The journal is away");
        },
      },
      recorder: journal.recorder,
      clock,
      log: silentLogger,
    });
    await undecodable.keep([{ data: GARBAGE, reason: "no such tag" }]);
    expect(undecodable.list()).toHaveLength(1);
  });
});
