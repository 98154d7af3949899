import { afterEach, describe, expect, it } from "vitest";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createMemoryMail } from "./client-world.test-kit.ts";
import { openClientWorld } from "./client-world-runner.ts";
import { createMemoryStateStore } from "./follower.test-kit.ts";

const US = "11111111-1111-4111-8111-111111111111";
const THEM = "22222222-2222-4222-8222-222222222222";
const PLAN = "33333333-3333-4333-8333-333333333333";

let stop: ((reason?: unknown) => Promise<void>) | null = null;
afterEach(async () => stop?.());

async function open(options: { readonly notifies: boolean } = { notifies: true }) {
  const clock = createManualClock();
  const mail = createMemoryMail();
  const state = createMemoryStateStore();
  const openWorld = () =>
    openClientWorld({
      sourceId: "foreman",
      mailbox: mail.mailbox,
      state,
      clock,
      log: silentLogger,
      notifies: options.notifies,
      hostname: "ops",
      pid: 1,
      newWorldId: () => US,
    });
  const world = await openWorld();
  const abort = new AbortController();
  const ended = world.run(abort.signal);
  stop = async (reason) => {
    abort.abort(reason);
    await ended;
  };
  await clock.advance(10);
  return { clock, mail, state, world, stop, openWorld };
}

describe("our own world", () => {
  it("answers a ping within the same moment where notifications come", async () => {
    const { clock, mail } = await open();
    mail.post({
      requestId: `${THEM}-1`,
      senderId: THEM,
      receiverId: US,
      message: { type: "Ping", receiverId: US, useCache: false },
    });
    await clock.advance(1);
    expect(mail.take(THEM)).toMatchObject([{ requestId: `${THEM}-1`, message: { type: "Pong" } }]);
  });

  it("answers a ping within a second where it has to poll", async () => {
    const { clock, mail } = await open({ notifies: false });
    await clock.advance(500);
    mail.post({
      requestId: `${THEM}-1`,
      senderId: THEM,
      receiverId: US,
      message: { type: "Ping", receiverId: US, useCache: false },
    });
    await clock.advance(1_000);
    expect(mail.take(THEM)).toHaveLength(1);
  });

  it("is back in its place within seconds after somebody deleted its record", async () => {
    const { clock, mail, world } = await open();
    mail.registered.clear();
    await clock.advance(3_100);
    expect([...mail.registered]).toEqual([US]);
    expect(world.worldId()).toBe(US);
  });

  it("rests between its duties", async () => {
    const { clock, mail } = await open();
    mail.calls.length = 0;
    await clock.advance(60_000);
    expect(mail.calls.length).toBeLessThanOrEqual(23);
  });

  it("comes up by itself once the database answers", async () => {
    const { clock, mail, world } = await open();
    mail.down = true;
    mail.loseListener();
    await clock.advance(10_000);
    mail.registered.clear();
    mail.down = false;
    await clock.advance(4_000);
    expect(mail.listening).toBe(true);
    expect(world.worldId()).toBe(US);
    expect([...mail.registered]).toEqual([US]);
  });

  it("never uses a request id twice, not even in its next life", async () => {
    const { world, openWorld, stop } = await open();
    expect(await world.nextRequestId()).toBe(`${US}-1`);
    expect(await world.nextRequestId()).toBe(`${US}-2`);
    await stop?.();
    expect(await (await openWorld()).nextRequestId()).toBe(`${US}-3`);
  });

  it("refuses to send what Ruby could not decode, and stores nothing", async () => {
    const { world, mail } = await open();
    const sent = world.send(`${US}-1`, THEM, { type: "Execution", planId: "not a uuid" });
    await expect(sent).rejects.toMatchObject({ code: "invalid-input" });
    expect(mail.rows).toEqual([]);
  });

  it("hands replies to whoever asked, until they no longer listen", async () => {
    const { clock, mail, world } = await open();
    mail.serve(THEM, () => [{ type: "Accepted" }, { type: "Done" }]);
    const replies: string[] = [];
    const end = world.onReply(`${US}-1`, (reply, senderId) => replies.push(`${reply.type} of ${senderId}`));
    await world.send(`${US}-1`, THEM, { type: "Execution", planId: PLAN });
    await clock.advance(10);
    expect(replies).toEqual([`Accepted of ${THEM}`, `Done of ${THEM}`]);
    end();
    mail.post({ requestId: `${US}-1`, senderId: THEM, receiverId: US, message: { type: "Done" } });
    await clock.advance(10);
    expect(replies).toHaveLength(2);
    expect(world.counts().repliesUnknown).toBe(1);
  });

  it("leaves with its record, its locks and its inbox deleted", async () => {
    const { mail, stop } = await open();
    await stop?.();
    expect(mail.calls.at(-1)).toBe("leave");
    expect(mail.registered.size).toBe(0);
    expect(mail.listening).toBe(false);
  });

  it("leaves record and inbox to the console that is this world from now on", async () => {
    const { mail, stop, world } = await open();
    await stop?.(new OpsError("refused", "Another console writes the journal now"));
    expect(mail.calls).not.toContain("leave");
    expect([...mail.registered]).toEqual([US]);
    expect(mail.listening).toBe(false);
    expect(world.worldId()).toBeNull();
  });

  it("does not wait for a database that does not answer before it stops", async () => {
    const { clock, mail, stop } = await open();
    mail.mailbox.leave = () => new Promise(() => undefined);
    const stopped = stop?.();
    await clock.advance(2_000);
    await stopped;
    expect(mail.listening).toBe(false);
  });
});
