import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { canonicalJson } from "#server/contract/canonical.ts";
import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import { createMemoryJournal, emptyMemory, type MemoryContent } from "#server/journal/adapters/memory/journal.ts";
import type { Journal } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import { createRecorder, type LiveRecorder } from "./recorder.ts";
import { createSwitchedRole, followerOf, WRITER } from "./writer-role.test-kit.ts";

const STREAM = "dna:eu-1";
const log = silentLogger;
const seen = (subject: string): EventDraft => ({
  kind: "dna.node.seen",
  subject,
  occurredAt: epochMs(1),
  body: { cluster: "c", node: subject, createdAt: epochMs(1), nodeId: "1" },
});

let clock: ManualClock;
let content: MemoryContent;
/** The console that writes, and the one that follows: each with a journal of its own on what both keep. */
let writer: LiveRecorder;
let follower: LiveRecorder;
let role: ReturnType<typeof createSwitchedRole>;
let broken: unknown;
/** Whether whoever else writes holds another epoch by now. */
let epoch: string;

function followersJournal(): Journal {
  const journal = createMemoryJournal(clock, content);
  return {
    ...journal,
    async heads() {
      if (broken !== null) throw broken;
      return (await journal.heads()).map((head) => ({ ...head, epoch }));
    },
  };
}

beforeEach(async () => {
  clock = createManualClock();
  content = emptyMemory();
  broken = null;
  epoch = "memory";
  role = createSwitchedRole(followerOf("alpha"));
  writer = await createRecorder({ journal: createMemoryJournal(clock, content), clock, log });
  await writer.record(STREAM, [seen("a")]);
  follower = await createRecorder({ journal: followersJournal(), clock, log, role });
});
afterEach(async () => {
  await follower.stop();
  await writer.stop();
});

const same = () => canonicalJson(follower.folds()) === canonicalJson(writer.folds());

describe("a recorder that follows", () => {
  it("folds what the writer records within half a second, streams that begin meanwhile too, each event once and in order", async () => {
    const told: JournalEvent[] = [];
    follower.onEvents((events) => told.push(...events));
    await writer.record(STREAM, [seen("b"), seen("c")]);
    await writer.record("dna:eu-2", [seen("d")]);
    await clock.advance(500);
    expect(same()).toBe(true);
    await writer.record(STREAM, [seen("e")]);
    await clock.advance(500);
    expect(same()).toBe(true);
    expect(told.filter(({ stream }) => stream === STREAM).map(({ seq }) => seq)).toEqual(["2", "3", "4"]);
    expect(told.filter(({ stream }) => stream === "dna:eu-2").map(({ seq }) => seq)).toEqual(["1"]);
    expect(follower.positions()).toEqual(writer.positions());
  });

  it("reads a long backlog by pages", async () => {
    const many = Array.from({ length: 4_500 }, (_, n) => seen(String(n % 7)));
    await writer.record(STREAM, many);
    await clock.advance(500);
    await vi.waitFor(() => expect(follower.positions()[STREAM]?.seq).toBe("4501"));
    expect(same()).toBe(true);
  });

  it("records nothing, and says who writes", async () => {
    await expect(follower.record(STREAM, [seen("x")])).rejects.toMatchObject({
      code: "refused",
      message: "This console follows: alpha writes the journal. Act there.",
    });
    expect((await writer.positions())[STREAM]?.seq).toBe("1");
    expect(follower.journalStatus()).toMatchObject({ ok: true, reason: null, follows: { holder: "alpha" } });
    role.become(followerOf(null));
    expect(follower.journalStatus()).toMatchObject({ ok: true, follows: { holder: null } });
    expect(follower.counts()).toMatchObject({ recorded: 0, failed: 0 });
    expect(writer.journalStatus().follows).toBeUndefined();
  });

  it("writes no snapshot, neither on its way nor when it stops", async () => {
    await writer.record(
      STREAM,
      Array.from({ length: 6_000 }, (_, n) => seen(String(n % 7))),
    );
    const written = content.snapshots.length;
    await clock.advance(700_000);
    await follower.stop();
    expect(content.snapshots).toHaveLength(written);
  });

  it("says that it cannot read, and that it can again", async () => {
    broken = new OpsError("journal-unavailable", "nobody answers");
    await clock.advance(500);
    expect(follower.journalStatus()).toMatchObject({
      ok: false,
      reason: "nobody answers",
      follows: { holder: "alpha" },
    });
    const told = follower.journalStatus();
    await clock.advance(2_000);
    expect(follower.journalStatus()).toBe(told);
    broken = null;
    await writer.record(STREAM, [seen("b")]);
    await clock.advance(500);
    expect(follower.journalStatus()).toMatchObject({ ok: true, reason: null, follows: { holder: "alpha" } });
    expect(same()).toBe(true);
  });

  it("takes the writer's new epoch into its positions", async () => {
    epoch = "second";
    await writer.record(STREAM, [seen("b")]);
    await clock.advance(500);
    expect(follower.positions()[STREAM]).toEqual({ epoch: "second", seq: "2" });
  });

  it("stands still and says so when the journal does not go on from what it shows", async () => {
    await writer.record(STREAM, [seen("b")]);
    await clock.advance(500);
    content.streams.set(STREAM, (content.streams.get(STREAM) ?? []).slice(0, 1));
    await clock.advance(500);
    // A replica that was asked first may be behind for a moment.
    expect(follower.journalStatus().ok).toBe(true);
    await clock.advance(4_000);
    expect(follower.journalStatus().reason).toContain("ends before what is shown of it. Restart this console");
    role.become(WRITER);
    await expect(follower.lead()).rejects.toMatchObject({ code: "journal-unavailable" });
  });
});

describe("a recorder that takes over", () => {
  it("knows everything that was written before it records, and writes on without a gap", async () => {
    await writer.record(STREAM, [seen("b"), seen("c")]);
    role.become(WRITER);
    await expect(follower.record(STREAM, [seen("x")])).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("just taking over"),
    });
    await follower.lead();
    expect(same()).toBe(true);
    expect(follower.journalStatus()).toMatchObject({ ok: true, reason: null });
    expect(follower.journalStatus().follows).toBeUndefined();
    expect((await follower.record(STREAM, [seen("d")])).map(({ seq }) => seq)).toEqual(["4"]);
    expect(Object.keys(follower.dna("eu-1").nodes)).toEqual(["a", "b", "c", "d"]);
  });

  it("reads once more what was written while it was put together", async () => {
    const late = createSwitchedRole(followerOf("alpha"));
    const journal = createMemoryJournal(clock, content);
    const slow: Journal = {
      ...journal,
      async heads() {
        const heads = await journal.heads();
        await writer.record(STREAM, [seen("late")]);
        late.become(WRITER);
        return heads;
      },
    };
    const heir = await createRecorder({ journal: slow, clock, log, role: late });
    await expect(heir.record(STREAM, [seen("x")])).rejects.toMatchObject({ code: "refused" });
    await heir.lead();
    expect(Object.keys(heir.dna("eu-1").nodes)).toContain("late");
    await heir.stop();
  });

  it("does not lead while the journal cannot be read, nor when somebody else writes it after all", async () => {
    role.become(WRITER);
    broken = new OpsError("journal-unavailable", "nobody answers");
    await expect(follower.lead()).rejects.toMatchObject({ code: "journal-unavailable" });
    await expect(follower.record(STREAM, [seen("x")])).rejects.toMatchObject({ code: "refused" });
    broken = null;
    role.become(followerOf("gamma"));
    await expect(follower.lead()).rejects.toMatchObject({ code: "refused" });
    expect(follower.journalStatus().follows).toEqual({ holder: "gamma" });
  });

  it("follows again once another writes: what it measured is not shown as of now, and a gap of its own is not written", async () => {
    role.become(WRITER);
    await follower.lead();
    await follower.record(STREAM, [seen("b")]);
    follower.sample(STREAM, { asOf: clock.now(), readMs: 3 });
    role.become(followerOf("alpha"));
    expect(follower.samples()).toEqual({});
    await expect(follower.record(STREAM, [seen("c")])).rejects.toMatchObject({ code: "refused" });
    const other = await createRecorder({ journal: createMemoryJournal(clock, content), clock, log });
    await other.record(STREAM, [seen("z")]);
    await clock.advance(5_000);
    expect(Object.keys(follower.dna("eu-1").nodes)).toEqual(["a", "b", "z"]);
    expect(content.streams.get("console")).toBeUndefined();
    await other.stop();
  });
});
