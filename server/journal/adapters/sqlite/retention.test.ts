import { chmodSync, copyFileSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { EMPTY_DNA } from "#server/contract/fold/dna.ts";
import type { RetentionRules } from "#server/journal/domain/retention.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { openSqliteJournal, type SqliteJournal } from "./journal.ts";
import { loadJournalKey } from "./key.ts";
import { FORMAT_VERSION } from "./state-file.ts";
import { verifyJournal } from "./verify.ts";

const SECRET = "a secret of at least thirty-two characters";
const STREAM = "dna:eu-1";
const IDLE = "dna:eu-2";
const DAY_MS = 86_400_000;
const FOLD = 7;
const RULES: RetentionRules = { keepMs: 2 * DAY_MS, keepOperatorMs: 90 * DAY_MS, maxBytes: Number.MAX_SAFE_INTEGER };

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
  kind: "dna.row.unreadable",
  body: { cluster: "c", reason: null },
  subject,
  occurredAt: epochMs(1),
});
const open = (): Promise<SqliteJournal> =>
  openSqliteJournal({ directory, key: { from: "secret", secret: SECRET }, clock, log: silentLogger });
const observed = () => readdirSync(directory).filter((name) => /^observed-\d+\.sqlite$/.test(name));

function tamper(file: string, work: (database: DatabaseSync) => void): void {
  chmodSync(join(directory, file), 0o600);
  const database = new DatabaseSync(join(directory, file));
  work(database);
  database.close();
}

/** Six days of two events, the first day with an event of a stream that is silent from then on. */
async function sixDays(): Promise<SqliteJournal> {
  const journal = await open();
  await journal.append(IDLE, [draft("once")]);
  for (let day = 0; day < 6; day += 1) {
    await journal.append(STREAM, [draft("a"), draft("b")]);
    await clock.advance(DAY_MS);
  }
  return journal;
}

async function cover(journal: SqliteJournal): Promise<void> {
  for (const { stream, seq } of await journal.heads())
    await journal.writeSnapshot({ stream, seq, foldVersion: FOLD, state: EMPTY_DNA });
}

/** The same, with the first four days dropped; closed. */
async function dropped(): Promise<void> {
  const journal = await sixDays();
  await cover(journal);
  await journal.retain(RULES, FOLD);
  await journal.close();
}

it("leaves a journal that verification finds sound, before and after it is opened again", async () => {
  await dropped();
  expect(observed()).toEqual(["observed-000005.sqlite", "observed-000006.sqlite", "observed-000007.sqlite"]);
  expect(verify()).toMatchObject({ ok: true, events: 4, faults: [] });
  const journal = await open();
  await journal.append(STREAM, [draft("c")]);
  expect(await journal.verifyChain()).toMatchObject({ ok: true, events: 5 });
  await journal.close();
});

it("is found sound by a verification that runs while it drops", async () => {
  const journal = await sixDays();
  await cover(journal);
  const verdicts = Array.from({ length: 3 }, () => journal.verifyChain());
  for (let kept = 5; kept >= 1; kept -= 1) await journal.retain({ ...RULES, keepMs: kept * DAY_MS }, FOLD);
  for (const verdict of await Promise.all(verdicts)) expect(verdict).toMatchObject({ ok: true, faults: [] });
  expect(await journal.verifyChain()).toMatchObject({ ok: true, events: 2 });
  await journal.close();
});

it("leaves files that a crash has kept from going out of the chain, and removes them at the next start", async () => {
  const journal = await sixDays();
  await cover(journal);
  const saved = mkdtempSync(join(tmpdir(), "journal-saved-"));
  await journal.retain({ ...RULES, keepMs: 90 * DAY_MS }, FOLD);
  const before = observed();
  for (const name of before) copyFileSync(join(directory, name), join(saved, name));
  await journal.retain(RULES, FOLD);
  await journal.close();
  const after = observed();
  for (const name of ["observed-000001.sqlite", "observed-000003.sqlite", "observed-000004.sqlite"])
    copyFileSync(join(saved, name), join(directory, name));
  rmSync(saved, { recursive: true });
  expect(verify()).toMatchObject({ ok: true, events: 4 });
  const again = await open();
  expect(observed()).toEqual(after);
  expect((await again.after(STREAM, "8", 10)).map(({ seq }) => seq)).toEqual(["9", "10", "11", "12"]);
  await again.close();
});

it.each(["observed-000005.sqlite", "observed-000006.sqlite"])(
  "does not hide that somebody else has removed %s, from verification nor from the next start",
  async (file) => {
    await dropped();
    rmSync(join(directory, file));
    expect(verify()).toMatchObject({ ok: false, faults: [{ chain: "observed" }] });
    await expect(open()).rejects.toMatchObject({ code: "refused" });
  },
);

it("finds the oldest segment removed also where nothing was ever dropped", async () => {
  await (await sixDays()).close();
  rmSync(join(directory, "observed-000001.sqlite"));
  expect(verify().ok).toBe(false);
  await expect(open()).rejects.toMatchObject({ code: "refused", message: expect.stringContaining("missing") });
});

it.each([
  ["begins elsewhere", "UPDATE heads SET first_number = 6, first_position = 12 WHERE chain = 'observed'"],
  ["never dropped anything", "UPDATE heads SET first_number = NULL WHERE chain = 'observed'"],
])("finds a head record that was changed to say that the chain %s", async (_, statement) => {
  await dropped();
  tamper("state.sqlite", (database) => database.exec(statement));
  expect(verify().faults).toMatchObject([{ what: "a head record was changed" }]);
  await expect(open()).rejects.toMatchObject({ code: "refused" });
});

it("finds the number changed at which a stream stood whose events are all dropped", async () => {
  await dropped();
  for (const file of observed())
    tamper(file, (database) => database.exec(`UPDATE starts SET seq = 7 WHERE stream = '${IDLE}'`));
  expect(verify()).toMatchObject({ ok: false, faults: [{ chain: "observed", position: 1 }] });
  await expect(open()).rejects.toMatchObject({ code: "refused" });
});

it("has the snapshots that cover what is dropped on the disk before it goes", async () => {
  const journal = await sixDays();
  await cover(journal);
  await journal.retain(RULES, FOLD);
  const copy = join(directory, "copy.sqlite");
  copyFileSync(join(directory, "snapshots.sqlite"), copy);
  const database = new DatabaseSync(copy, { readOnly: true });
  expect(database.prepare("SELECT max(seq) AS seq FROM snapshots WHERE stream = ?").get(STREAM)?.seq).toBe(12);
  database.close();
  await journal.close();
});

it("brings a journal of format 1 forward, which was never cut", async () => {
  await (await sixDays()).close();
  tamper("state.sqlite", (database) => {
    for (const column of ["first_number", "first_hash", "first_starts"])
      database.exec(`ALTER TABLE heads DROP COLUMN ${column}`);
    database.exec("PRAGMA user_version = 1");
  });
  expect(verify()).toMatchObject({ ok: true, events: 13 });
  const journal = await open();
  await cover(journal);
  expect((await journal.retain(RULES, FOLD)).dropped).toMatchObject([{ events: 9, streams: [STREAM, IDLE] }]);
  await journal.close();
  tamper("state.sqlite", (database) => {
    expect(database.prepare("PRAGMA user_version").get()?.user_version).toBe(FORMAT_VERSION);
  });
  expect(verify()).toMatchObject({ ok: true, events: 4 });
});

it("makes no segment for a day without events", async () => {
  const journal = await open();
  await journal.append(STREAM, [draft("a")]);
  for (let day = 0; day < 5; day += 1) {
    await clock.advance(DAY_MS);
    await journal.retain({ ...RULES, keepMs: 90 * DAY_MS }, FOLD);
  }
  await journal.append(STREAM, [draft("b")]);
  await journal.append(STREAM, [draft("c")]);
  expect(observed()).toEqual(["observed-000001.sqlite", "observed-000002.sqlite"]);
  await journal.close();
});
