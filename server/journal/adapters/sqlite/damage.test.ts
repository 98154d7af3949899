import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { nextHash } from "#server/journal/adapters/chain.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { openSqliteJournal, type SqliteJournal, type SqliteJournalOptions } from "./journal.ts";
import { loadJournalKey } from "./key.ts";
import { FORMAT_VERSION } from "./state-file.ts";
import { verifyDirectory, verifyJournal } from "./verify.ts";

const SECRET = "a secret of at least thirty-two characters";
const STREAM = "dynflow:foreman";
const DAY_MS = 86_400_000;

let directory: string;
let clock: ReturnType<typeof createManualClock>;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"));
  clock = createManualClock();
});
afterEach(() => rmSync(directory, { recursive: true }));

const key = loadJournalKey("", { from: "secret", secret: SECRET }).bytes;
const verify = () => verifyJournal({ directory, key });
const draft = (subject: string): EventDraft => ({
  kind: "dynflow.plan.gone",
  body: { from: "running" },
  subject,
  occurredAt: epochMs(1),
});
const openJournal = (options: Partial<SqliteJournalOptions> = {}): Promise<SqliteJournal> =>
  openSqliteJournal({ directory, key: { from: "secret", secret: SECRET }, clock, log: silentLogger, ...options });

/** Six events of two streams in segments of two, closed. */
async function written(): Promise<void> {
  const journal = await openJournal({ segmentEvents: 2 });
  for (const name of ["a", "b", "c"]) await journal.append(STREAM, [draft(name)]);
  for (const name of ["d", "e", "f"]) await journal.append("dynflow:other", [draft(name)]);
  await journal.close();
}

function tamper(file: string, work: (database: DatabaseSync) => void): void {
  chmodSync(join(directory, file), 0o600);
  const database = new DatabaseSync(join(directory, file));
  database.exec("DROP TRIGGER IF EXISTS events_never_change; DROP TRIGGER IF EXISTS events_never_go;");
  work(database);
  database.close();
}

describe("verification", () => {
  it("finds a whole journal sound, over segments, and tells its heads", async () => {
    await written();
    const verdict = verify();
    expect(verdict).toMatchObject({ ok: true, events: 6, faults: [] });
    const journal = await openJournal();
    expect(await journal.chainHeads()).toEqual(verdict.heads);
    expect(await journal.verifyChain()).toEqual(verdict);
    await journal.close();
  });

  it("finds a byte flipped in an event of a sealed segment", async () => {
    await written();
    tamper("observed-000001.sqlite", (database) => {
      database.exec(
        "UPDATE events SET bytes = CAST(replace(CAST(bytes AS TEXT), 'running', 'runnind') AS BLOB) WHERE position = 2",
      );
    });
    const expected = { chain: "observed", position: 2, what: "the event is not the one that was written" };
    expect(verify().faults).toEqual([{ ...expected, file: "observed-000001.sqlite" }]);
  });

  it("finds a column that no longer says what its event says", async () => {
    await written();
    tamper("observed-000001.sqlite", (database) => database.exec("UPDATE events SET subject = 'z' WHERE position = 1"));
    expect(verify()).toMatchObject({ ok: false, faults: [{ position: 1 }] });
  });

  it("finds any byte flipped in any file, or reads the same events as before", async () => {
    await written();
    const files = readdirSync(directory).filter((name) => name.startsWith("observed-"));
    const texts = () => files.flatMap((file) => eventTexts(join(directory, file)));
    const before = texts();
    const pick = fc.tuple(
      fc.constantFrom(...files),
      fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      fc.integer({ min: 1, max: 255 }),
    );
    let found = 0;
    fc.assert(
      fc.property(pick, ([file, where, mask]) => {
        const path = join(directory, file);
        const original = readFileSync(path);
        const flipped = Buffer.from(original);
        const index = Math.floor(where * flipped.length);
        flipped[index] = (flipped[index] ?? 0) ^ mask;
        chmodSync(path, 0o600);
        writeFileSync(path, flipped);
        const verdict = verify();
        if (!verdict.ok) found += 1;
        else expect(texts()).toEqual(before);
        for (const suffix of ["-wal", "-shm", "-journal"]) rmSync(`${path}${suffix}`, { force: true });
        writeFileSync(path, original);
      }),
      { numRuns: 150 },
    );
    expect(found).toBeGreaterThan(0);
    expect(verify().ok).toBe(true);
  });

  it.each([
    ["the last event", "observed-000003.sqlite", "DELETE FROM events WHERE position = 6", 6],
    ["an event in between", "observed-000002.sqlite", "DELETE FROM events WHERE position = 3", 3],
  ])("finds %s dropped", async (_, file, statement, position) => {
    await written();
    tamper(file, (database) => database.exec(statement));
    expect(verify()).toMatchObject({ ok: false, faults: [{ chain: "observed", position }] });
  });

  it.each(["observed-000003.sqlite", "observed-000002.sqlite", "observed-000001.sqlite"])(
    "finds segment %s removed",
    async (file) => {
      await written();
      rmSync(join(directory, file));
      expect(verify().ok).toBe(false);
    },
  );

  it("finds a chain that was rewritten from an event on without the key", async () => {
    await written();
    tamper("observed-000003.sqlite", (database) =>
      rewrite(database, new TextEncoder().encode("another key of 32 characters....")),
    );
    expect(verify()).toMatchObject({ ok: false, faults: [{ position: 5 }] });
  });

  it("finds a tail dropped together with the head record that knew of it", async () => {
    await written();
    tamper("observed-000003.sqlite", (database) => database.exec("DELETE FROM events WHERE position = 6"));
    tamper("state.sqlite", (database) => database.exec("UPDATE heads SET position = 5 WHERE chain = 'observed'"));
    expect(verify().faults).toMatchObject([{ file: "state.sqlite", what: "a head record was changed" }]);
  });

  it("says that a journal is not to be judged with another key", async () => {
    await written();
    const verdict = verifyJournal({ directory, key: new TextEncoder().encode("x".repeat(40)) });
    expect(verdict.faults).toMatchObject([{ what: "written with another key" }]);
  });

  it("finds the key where the journal finds it, and makes none where there is no journal", async () => {
    expect(verifyDirectory(directory, { from: "generated" }).faults).toMatchObject([{ what: "there is no journal" }]);
    expect(readdirSync(directory)).toEqual([]);
    const journal = await openJournal({ key: { from: "generated" } });
    await journal.append(STREAM, [draft("a")]);
    expect(verifyDirectory(directory, { from: "generated" })).toMatchObject({ ok: true, events: 1 });
    await journal.close();
  });

  it("says that there is no journal where there is none", () => {
    expect(verify().faults).toMatchObject([{ what: "there is no journal" }]);
  });
});

function eventTexts(path: string): readonly string[] {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const rows = database.prepare("SELECT CAST(bytes AS TEXT) AS text FROM events ORDER BY position").all();
    return rows.map((row) => String(row.text));
  } finally {
    database.close();
  }
}

function rewrite(database: DatabaseSync, forger: Uint8Array): void {
  const header = database.prepare("SELECT value FROM meta WHERE name = 'header'").get();
  let hash = String((JSON.parse(String(header?.value)) as { startHash: string }).startHash);
  for (const row of database.prepare("SELECT position, bytes FROM events ORDER BY position").all()) {
    const bytes = Buffer.from(String(Buffer.from(row.bytes as Uint8Array)).replace("running", "paused!"));
    hash = nextHash(forger, hash, bytes);
    database
      .prepare("UPDATE events SET bytes = ?, hash = ? WHERE position = ?")
      .run(bytes, Buffer.from(hash, "hex"), Number(row.position));
  }
}

describe("opening", () => {
  it("refuses a second process, naming who holds the journal since when", async () => {
    const journal = await openJournal();
    await expect(openJournal()).rejects.toMatchObject({
      code: "refused",
      message: expect.stringMatching(new RegExp(`process ${process.pid} on host .+ since 20..-`)),
    });
    await journal.close();
    await (await openJournal()).close();
  });

  it("refuses a journal of a newer format, its state as its segments", async () => {
    await written();
    tamper("state.sqlite", (database) => database.exec("PRAGMA user_version = 99"));
    await expect(openJournal()).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("format 99"),
    });
    tamper("state.sqlite", (database) => database.exec(`PRAGMA user_version = ${FORMAT_VERSION}`));
    tamper("observed-000003.sqlite", (database) => database.exec("PRAGMA user_version = 98"));
    await expect(openJournal()).rejects.toMatchObject({
      code: "refused",
      message: expect.stringContaining("format 98"),
    });
  });

  it("refuses another key than the journal was written with", async () => {
    await written();
    await expect(openJournal({ key: { from: "secret", secret: "z".repeat(40) } })).rejects.toMatchObject({
      code: "refused",
    });
  });

  it("refuses a journal whose tail is missing, and does not number over it", async () => {
    await written();
    tamper("observed-000003.sqlite", (database) => database.exec("DELETE FROM events WHERE position = 6"));
    await expect(openJournal()).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("missing") });
  });

  it("refuses a journal from which a segment is missing", async () => {
    await written();
    rmSync(join(directory, "observed-000002.sqlite"));
    await expect(openJournal()).rejects.toMatchObject({ code: "refused" });
  });

  it("generates a key beside the journal that only its owner can read, once, and says so", async () => {
    const warned: string[] = [];
    const log = { ...silentLogger, warn: (event: string) => void warned.push(event) };
    await (await openJournal({ key: { from: "generated" }, log })).close();
    await (await openJournal({ key: { from: "generated" }, log })).close();
    expect(statSync(join(directory, "journal.key")).mode & 0o777).toBe(0o600);
    expect(warned).toEqual(["journal.key.generated"]);
  });

  it("refuses a journal whose generated key is gone, and makes no other", async () => {
    await (await openJournal({ key: { from: "generated" } })).close();
    rmSync(join(directory, "journal.key"));
    await expect(openJournal({ key: { from: "generated" } })).rejects.toMatchObject({ code: "refused" });
    expect(readdirSync(directory)).not.toContain("journal.key");
  });

  it("refuses a key file that is missing or too short", async () => {
    const file = join(directory, "key");
    await expect(openJournal({ key: { from: "file", file } })).rejects.toMatchObject({ code: "refused" });
    writeFileSync(file, "short\n");
    await expect(openJournal({ key: { from: "file", file } })).rejects.toMatchObject({ code: "refused" });
    writeFileSync(file, `${"k".repeat(32)}\n`);
    await (await openJournal({ key: { from: "file", file } })).close();
  });
});

describe("segments", () => {
  it("begin anew each day, are read-only once sealed, and keep their order of numbers", async () => {
    const journal = await openJournal();
    await journal.append(STREAM, [draft("a")]);
    await clock.advance(DAY_MS);
    await journal.append(STREAM, [draft("b")]);
    await journal.append("operator", [draft("c")]);
    const modes = ["observed-000001.sqlite", "observed-000002.sqlite"].map(
      (name) => statSync(join(directory, name)).mode & 0o222,
    );
    expect(modes[0]).toBe(0);
    expect(modes[1]).not.toBe(0);
    expect((await journal.after(STREAM, "0", 10)).map(({ seq }) => seq)).toEqual(["1", "2"]);
    await journal.close();
    expect(verify()).toMatchObject({ ok: true, events: 3 });
  });

  it("refuse changes and deletions of their events even to our own connection", async () => {
    await written();
    const database = new DatabaseSync(join(directory, "observed-000003.sqlite"));
    expect(() => database.exec("UPDATE events SET kind = 'x'")).toThrow("only grows");
    expect(() => database.exec("DELETE FROM events")).toThrow("only grows");
    database.close();
  });
});

describe("failure", () => {
  it("rejects with `journal-unavailable` when the disk is full, stores nothing of it, and goes on reading", async () => {
    const journal = await openJournal({ fileBytesMax: 400_000 });
    const big = (n: number): EventDraft => ({
      kind: "dna.row.unreadable",
      body: { cluster: "c", reason: "x".repeat(20_000) },
      subject: `${n}`,
      occurredAt: epochMs(1),
    });
    let stored = 0;
    let failure: unknown = null;
    while (failure === null && stored < 1_000) {
      await journal.append(STREAM, [big(stored), big(stored)]).then(
        () => {
          stored += 2;
        },
        (cause: unknown) => {
          failure = cause;
        },
      );
    }
    expect(failure).toMatchObject({ code: "journal-unavailable", message: expect.stringContaining("full") });
    expect(await journal.after(STREAM, "0", 1_000)).toHaveLength(stored);
    const [small] = await journal.append("operator", [draft("a")]);
    expect(small?.seq).toBe("1");
    await journal.close();
    expect(verify()).toMatchObject({ ok: true, events: stored + 1 });
  });

  it("does not let one event that is too large spoil what others append at the same time", async () => {
    const journal = await openJournal();
    const huge: EventDraft = { ...draft("x"), kind: "console.stopped", body: { reason: "x".repeat(5_000_000) } };
    const [good, bad, also] = await Promise.allSettled([
      journal.append(STREAM, [draft("a")]),
      journal.append(STREAM, [draft("b"), huge]),
      journal.append(STREAM, [draft("c")]),
    ]);
    expect(bad).toMatchObject({ status: "rejected", reason: { code: "limit-exceeded" } });
    expect([good, also].map((result) => result.status)).toEqual(["fulfilled", "fulfilled"]);
    expect((await journal.after(STREAM, "0", 10)).map(({ subject }) => subject)).toEqual(["a", "c"]);
    await journal.close();
  });

  it("passes over a snapshot that was changed and takes the one before it", async () => {
    const journal = await openJournal();
    await journal.append(STREAM, [draft("a"), draft("b")]);
    const state = { family: "console", startedAt: null, version: null, demo: false, readers: {}, sinks: {} } as const;
    await journal.writeSnapshot({ stream: STREAM, seq: "1", foldVersion: 1, state });
    await journal.writeSnapshot({ stream: STREAM, seq: "2", foldVersion: 1, state });
    await journal.close();
    tamper("snapshots.sqlite", (database) => {
      database.exec(
        "UPDATE snapshots SET state = (SELECT state FROM snapshots WHERE seq = 1), mac = 'ab' WHERE seq = 2",
      );
    });
    const again = await openJournal();
    expect((await again.latestSnapshot(STREAM, 1))?.seq).toBe("1");
    await again.close();
    writeFileSync(
      join(directory, "snapshots.sqlite"),
      "not a database at all, and long enough to be read as one".repeat(20),
    );
    const replaced = await openJournal();
    expect(await replaced.latestSnapshot(STREAM, 1)).toBeNull();
    await replaced.close();
  });
});
