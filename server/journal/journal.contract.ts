/** What every journal and its state store promise. Run against each adapter; never edited to suit one of them. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventDraft, JournalEvent } from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import { EMPTY_DYNFLOW } from "#server/contract/fold/dynflow.ts";
import { causeTerm, MARK_TERM, touchTerm, userTerm } from "#server/journal/domain/terms.ts";
import type { Journal, RangeQuery, StateStore } from "#server/journal/ports.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";

export interface OpenedJournal {
  readonly journal: Journal;
  readonly state: StateStore;
}

/** A place that outlives the journals opened in it. */
export interface JournalPlace {
  open(clock: ManualClock): Promise<OpenedJournal>;
  remove(): Promise<void>;
}

const STREAM = "dynflow:foreman";
const OTHER = "dna:eu-1";
const MANY_WRITES_TIMEOUT_MS = 300_000;

const draft = (subject: string, id?: string): EventDraft => ({
  kind: "dynflow.plan.gone",
  body: { from: "running" },
  subject,
  occurredAt: epochMs(5),
  ...(id === undefined ? {} : { id }),
});

const anything: RangeQuery = {
  streams: [],
  kinds: [],
  subject: null,
  from: null,
  to: null,
  limit: 1_000,
  newestFirst: true,
  cursor: null,
};

const places = (events: readonly JournalEvent[]) => events.map(({ stream, seq }) => `${stream}/${seq}`);

export function journalContract(name: string, makePlace: () => Promise<JournalPlace>): void {
  describe(`Journal contract: ${name}`, () => {
    let clock: ManualClock;
    let place: JournalPlace;
    let opened: OpenedJournal;
    beforeEach(async () => {
      clock = createManualClock(1_795_300_000_000);
      place = await makePlace();
      opened = await place.open(clock);
    });
    afterEach(async () => {
      await opened.journal.close();
      await place.remove();
    });
    const reopen = async () => {
      await opened.journal.close();
      opened = await place.open(clock);
    };

    it("numbers the events of each stream from 1 without a gap, however the appends overlap", async () => {
      const appends = Array.from({ length: 40 }, (_, n) =>
        opened.journal.append(n % 2 === 0 ? STREAM : OTHER, [draft(`a${n}`), draft(`b${n}`)]),
      );
      const events = (await Promise.all(appends)).flat();
      const numbers = events.filter((event) => event.stream === STREAM).map((event) => event.seq);
      expect(numbers).toEqual(Array.from({ length: 40 }, (_, n) => String(n + 1)));
    });

    it("answers exactly what it will read back, also after it was opened again", async () => {
      const before = await opened.journal.append(STREAM, [draft("x\u0000\"'<é🦊\u2028"), draft("y")]);
      await reopen();
      expect(await opened.journal.after(STREAM, "0", 10)).toEqual(before);
    });

    it("fills in what a draft leaves out, and its own time of observation", async () => {
      const [event] = await opened.journal.append(STREAM, [draft("x")]);
      expect(event).toMatchObject({
        synthetic: false,
        causedBy: null,
        actor: null,
        observedAt: clock.now(),
        occurredAt: 5,
      });
    });

    it("does not append an id again that the stream holds: the stored event is answered", async () => {
      const [first] = await opened.journal.append(STREAM, [draft("x", "id-1")]);
      await reopen();
      const again = await opened.journal.append(STREAM, [draft("other", "id-1"), draft("y"), draft("z", "id-1")]);
      expect(again.map((event) => event.seq)).toEqual(["1", "2", "1"]);
      expect(again[0]).toEqual(first);
      const elsewhere = await opened.journal.append(OTHER, [draft("x", "id-1")]);
      expect(elsewhere[0]?.stream).toBe(OTHER);
    });

    it("holds one event of an id that appears twice in one append or in two at once", async () => {
      const [one, two] = await Promise.all([
        opened.journal.append(STREAM, [draft("x", "id-1"), draft("x", "id-1")]),
        opened.journal.append(STREAM, [draft("x", "id-1")]),
      ]);
      expect([...one, ...two].map((event) => event.seq)).toEqual(["1", "1", "1"]);
      expect(await opened.journal.after(STREAM, "0", 10)).toHaveLength(1);
    });

    it("tells where each stream stands, with an epoch that a restart keeps", async () => {
      await opened.journal.append(STREAM, [draft("x"), draft("y")]);
      await opened.journal.append("operator", [draft("z")]);
      const before = await opened.journal.heads();
      await reopen();
      const after = await opened.journal.heads();
      expect(after).toEqual(before);
      expect(after.map(({ stream, seq }) => [stream, seq]).sort()).toEqual([
        [STREAM, "2"],
        ["operator", "1"],
      ]);
    });

    it("reads on behind a number, in order, at most as many as asked for", async () => {
      await opened.journal.append(
        STREAM,
        Array.from({ length: 25 }, (_, n) => draft(`s${n}`)),
      );
      const events = await opened.journal.after(STREAM, "20", 3);
      expect(places(events)).toEqual([`${STREAM}/21`, `${STREAM}/22`, `${STREAM}/23`]);
      expect(await opened.journal.after(STREAM, "25", 3)).toEqual([]);
      expect(await opened.journal.after("dna:unknown", "0", 3)).toEqual([]);
    });

    it("pages through all streams by time, stream and number, in both directions, every event once", async () => {
      for (let round = 0; round < 6; round += 1) {
        await opened.journal.append(STREAM, [draft("x"), draft("y")]);
        await opened.journal.append(OTHER, [draft("x")]);
        await opened.journal.append("operator", [draft("x")]);
        if (round % 2 === 0) await clock.advance(7);
      }
      const walk = async (newestFirst: boolean) => {
        const seen: string[] = [];
        let cursor: string | null = null;
        do {
          const page = await opened.journal.range({ ...anything, newestFirst, limit: 5, cursor });
          seen.push(...places(page.events));
          cursor = page.nextCursor;
        } while (cursor !== null);
        return seen;
      };
      const forward = await walk(false);
      expect(forward).toHaveLength(24);
      expect(new Set(forward).size).toBe(24);
      expect(await walk(true)).toEqual(forward.toReversed());
      const oldest = ["dna:eu-1/1", `${STREAM}/1`, `${STREAM}/2`, "operator/1"];
      expect(forward.slice(0, 4)).toEqual(oldest);
    });

    it("narrows a page by stream, kind, subject and time, bounds included", async () => {
      await opened.journal.append(STREAM, [draft("x"), draft("y")]);
      await clock.advance(10);
      const at = clock.now();
      await opened.journal.append(OTHER, [
        { kind: "dna.row.unreadable", body: { cluster: "c", reason: null }, subject: "x", occurredAt: at },
      ]);
      await clock.advance(10);
      await opened.journal.append(STREAM, [draft("x")]);
      const ask = async (query: Partial<RangeQuery>) =>
        places((await opened.journal.range({ ...anything, ...query })).events);
      expect(await ask({ streams: [OTHER] })).toEqual([`${OTHER}/1`]);
      expect(await ask({ kinds: ["dynflow.plan.gone", "dynflow.plan.gone"] })).toEqual([
        `${STREAM}/3`,
        `${STREAM}/2`,
        `${STREAM}/1`,
      ]);
      expect(await ask({ subject: "x" })).toEqual([`${STREAM}/3`, `${OTHER}/1`, `${STREAM}/1`]);
      expect(await ask({ subject: "x", streams: [STREAM], kinds: ["dynflow.plan.gone"] })).toEqual([
        `${STREAM}/3`,
        `${STREAM}/1`,
      ]);
      expect(await ask({ from: at })).toEqual([`${STREAM}/3`, `${OTHER}/1`]);
      expect(await ask({ to: at, newestFirst: false })).toEqual([`${STREAM}/1`, `${STREAM}/2`, `${OTHER}/1`]);
    });

    it("finds an event by stream and id", async () => {
      const [stored] = await opened.journal.append(STREAM, [draft("x", "id-1")]);
      await reopen();
      expect(await opened.journal.byId(STREAM, "id-1")).toEqual(stored);
      expect(await opened.journal.byId(OTHER, "id-1")).toBeNull();
      expect(await opened.journal.byId(STREAM, "id-2")).toBeNull();
    });

    it("pages by what a user did, by what follows from an event, and by what stands out", async () => {
      const act = (user: string, id: string): EventDraft => ({
        id,
        kind: "op.requested",
        subject: "p",
        occurredAt: epochMs(1),
        actor: { user, role: "admin", address: "::1", reason: "" },
        body: { action: "dynflow.plans.resume", stream: STREAM, target: "p", expected: null, found: null },
      });
      await opened.journal.append("operator", [act("ann", "r1"), act("bob", "r2")]);
      await clock.advance(5);
      await opened.journal.append(STREAM, [draft("p"), { ...draft("p"), causedBy: "r1" }]);
      await clock.advance(5);
      await opened.journal.append("operator", [act("ann", "r3")]);
      await reopen();
      const ask = async (term: string, query: Partial<RangeQuery> = {}) =>
        places((await opened.journal.range({ ...anything, term, ...query })).events);
      expect(await ask(userTerm("ann"))).toEqual(["operator/3", "operator/1"]);
      expect(await ask(userTerm("ann"), { newestFirst: false })).toEqual(["operator/1", "operator/3"]);
      expect(await ask(userTerm("ann"), { to: epochMs(clock.now() - 1) })).toEqual(["operator/1"]);
      expect(await ask(userTerm("ann"), { kinds: ["op.executed"] })).toEqual([]);
      expect(await ask(userTerm("ann"), { subject: "p", streams: ["operator"], kinds: ["op.requested"] })).toEqual([
        "operator/3",
        "operator/1",
      ]);
      expect(await ask(userTerm("ann"), { streams: [STREAM] })).toEqual([]);
      expect(await ask(causeTerm("r1"))).toEqual([`${STREAM}/2`]);
      expect(await ask(touchTerm(STREAM))).toEqual(["operator/3", "operator/2", "operator/1"]);
      expect(await ask(userTerm("nobody"))).toEqual([]);
      const first = await opened.journal.range({ ...anything, term: MARK_TERM, limit: 2 });
      expect(places(first.events)).toEqual(["operator/3", "operator/2"]);
      const rest = await opened.journal.range({ ...anything, term: MARK_TERM, limit: 2, cursor: first.nextCursor });
      expect([places(rest.events), rest.nextCursor]).toEqual([["operator/1"], null]);
    });

    it("refuses a cursor that it did not give, and limits out of bounds", async () => {
      await expect(opened.journal.range({ ...anything, cursor: "nonsense!" })).rejects.toMatchObject({
        code: "invalid-input",
      });
      await expect(opened.journal.range({ ...anything, limit: 1_001 })).rejects.toMatchObject({
        code: "invalid-input",
      });
      await expect(opened.journal.after(STREAM, "0", 0)).rejects.toMatchObject({ code: "invalid-input" });
    });

    it("answers the latest snapshot of a fold version, and none of another", async () => {
      await opened.journal.append(OTHER, [draft("x"), draft("y")]);
      await opened.journal.writeSnapshot({ stream: OTHER, seq: "1", foldVersion: 7, state: EMPTY_DYNFLOW });
      await opened.journal.writeSnapshot({ stream: OTHER, seq: "2", foldVersion: 7, state: EMPTY_DNA });
      await reopen();
      expect(await opened.journal.latestSnapshot(OTHER, 7)).toEqual({
        stream: OTHER,
        seq: "2",
        foldVersion: 7,
        state: EMPTY_DNA,
      });
      expect(await opened.journal.latestSnapshot(OTHER, 8)).toBeNull();
      expect(await opened.journal.latestSnapshot(STREAM, 7)).toBeNull();
    });

    it("answers the newest snapshot that is not beyond a number", async () => {
      await opened.journal.append(
        OTHER,
        Array.from({ length: 9 }, (_, n) => draft(`s${n}`)),
      );
      const write = (seq: string) =>
        opened.journal.writeSnapshot({ stream: OTHER, seq, foldVersion: 7, state: EMPTY_DNA });
      await write("4");
      await write("8");
      await reopen();
      const newestUpTo = async (seq: string, foldVersion = 7) =>
        (await opened.journal.snapshotBefore(OTHER, seq, foldVersion))?.seq ?? null;
      expect(await Promise.all(["3", "4", "7", "8", "9"].map((seq) => newestUpTo(seq)))).toEqual([
        null,
        "4",
        "4",
        "8",
        "8",
      ]);
      expect(await newestUpTo("9", 8)).toBeNull();
      expect(await opened.journal.snapshotBefore(STREAM, "9", 7)).toBeNull();
      expect((await opened.journal.snapshotBefore(OTHER, "5", 7))?.state).toEqual(EMPTY_DNA);
    });

    it(
      "keeps of snapshots that are near each other enough to replay few events, and always the newest",
      async () => {
        const batch = Array.from({ length: 100 }, (_, n) => draft(`s${n}`));
        for (let round = 1; round <= 30; round += 1) {
          await opened.journal.append(OTHER, batch);
          const seq = String(round * 100);
          await opened.journal.writeSnapshot({ stream: OTHER, seq, foldVersion: 7, state: EMPTY_DNA });
        }
        const kept = new Set<string | null>();
        for (let seq = 100; seq <= 3_000; seq += 100) {
          const found = await opened.journal.snapshotBefore(OTHER, String(seq), 7);
          kept.add(found?.seq ?? null);
          expect(seq - Number(found?.seq ?? 0)).toBeLessThanOrEqual(5_000);
        }
        expect(kept.size).toBeLessThan(10);
        expect((await opened.journal.latestSnapshot(OTHER, 7))?.seq).toBe("3000");
      },
      MANY_WRITES_TIMEOUT_MS,
    );

    it("tells where a stream stood at an instant, over restarts", async () => {
      const start = clock.now();
      await opened.journal.append(STREAM, [draft("a"), draft("b")]);
      await clock.advance(10);
      await opened.journal.append(OTHER, [draft("c")]);
      await clock.advance(10);
      await opened.journal.append(STREAM, [draft("d"), draft("e"), draft("f"), draft("g")]);
      const at = (ms: number, stream = STREAM) => opened.journal.positionAt(stream, epochMs(start + ms));
      const expected = ["0", "2", "2", "6", "6"];
      const ask = () => Promise.all([-1, 0, 19, 20, 1_000].map((ms) => at(ms)));
      expect(await ask()).toEqual(expected);
      await reopen();
      expect(await ask()).toEqual(expected);
      expect([await at(9, OTHER), await at(10, OTHER), await at(10, "dna:unknown")]).toEqual(["0", "1", "0"]);
    });

    it("never stamps an event earlier than those before it in its stream, though the clock goes back an hour", async () => {
      const start = clock.now();
      let offsetMs = 0;
      const stepping = { ...clock, now: () => epochMs(clock.now() + offsetMs) };
      const reopenStepping = async () => {
        await opened.journal.close();
        opened = await place.open(stepping);
      };
      const stamp = async (stream: string, subject: string) => {
        const [event] = await opened.journal.append(stream, [draft(subject)]);
        return (event?.observedAt ?? 0) - start;
      };
      await reopenStepping();
      expect(await stamp(STREAM, "a")).toBe(0);
      offsetMs = -3_600_000;
      expect(await stamp(STREAM, "b")).toBe(0);
      expect(await stamp(OTHER, "c")).toBe(-3_600_000);
      await reopenStepping();
      await clock.advance(1_000);
      expect(await stamp(STREAM, "d")).toBe(0);
      await clock.advance(3_600_000);
      expect(await stamp(STREAM, "e")).toBe(1_000);
      expect(await opened.journal.positionAt(STREAM, epochMs(start))).toBe("3");
      expect((await opened.journal.after(STREAM, "0", 10)).map(({ subject }) => subject)).toEqual(["a", "b", "d", "e"]);
    });

    it("rejects with `journal-unavailable` once it is closed", async () => {
      await opened.journal.close();
      await expect(opened.journal.append(STREAM, [draft("x")])).rejects.toMatchObject({ code: "journal-unavailable" });
      await expect(opened.journal.heads()).rejects.toMatchObject({ code: "journal-unavailable" });
      await reopen();
    });

    describe("state store", () => {
      it("keeps records over a restart, each namespace for itself", async () => {
        await opened.state.put("a", "k", "1");
        await opened.state.put("b", "k", "2");
        await opened.state.put("a", "k", "3");
        await reopen();
        expect(await opened.state.get("a", "k")).toBe("3");
        expect(await opened.state.get("b", "k")).toBe("2");
        expect(await opened.state.get("a", "unknown")).toBeNull();
      });

      it("puts and deletes several at once, and lists and pages them by key", async () => {
        const entries = ["c", "a", "d", "b"].map((key) => ({ key, value: key.toUpperCase() }));
        await opened.state.putAll("n", entries);
        await opened.state.putAll("n", [
          { key: "d", value: null },
          { key: "e", value: "E" },
        ]);
        expect((await opened.state.list("n")).map(({ key }) => key)).toEqual(["a", "b", "c", "e"]);
        expect(await opened.state.page("n", "a", 2)).toEqual([
          { key: "b", value: "B" },
          { key: "c", value: "C" },
        ]);
        expect(await opened.state.page("n", null, 1)).toEqual([{ key: "a", value: "A" }]);
      });

      it("counts up by one, each number once, over restarts", async () => {
        const first = await Promise.all(Array.from({ length: 20 }, () => opened.state.increment("n", "counter")));
        expect(new Set(first).size).toBe(20);
        await reopen();
        expect(await opened.state.increment("n", "counter")).toBe(21);
      });
    });
  });
}
