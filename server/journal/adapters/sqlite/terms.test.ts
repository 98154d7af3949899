import { chmodSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { causeTerm, MARK_TERM, userTerm } from "#server/journal/domain/terms.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { openSqliteJournal, type SqliteJournal } from "./journal.ts";
import { loadJournalKey } from "./key.ts";
import { verifyJournal } from "./verify.ts";

const SECRET = "a secret of at least thirty-two characters";
const STREAM = "dynflow:foreman";

let directory: string;
const clock = createManualClock();
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"));
});
afterEach(() => rmSync(directory, { recursive: true }));

const key = loadJournalKey("", { from: "secret", secret: SECRET }).bytes;
const open = (): Promise<SqliteJournal> =>
  openSqliteJournal({
    directory,
    key: { from: "secret", secret: SECRET },
    clock,
    log: silentLogger,
    segmentEvents: 4,
  });
const asked = (user: string, id: string): EventDraft => ({
  id,
  kind: "op.requested",
  subject: "p",
  occurredAt: epochMs(1),
  actor: { user, role: "admin", address: "::1", reason: "" },
  body: { action: "dynflow.plans.resume", stream: STREAM, target: "p", expected: null, found: null },
});
const effect = (subject: string, causedBy: string): EventDraft => ({
  kind: "dynflow.plan.gone",
  body: { from: "running" },
  subject,
  occurredAt: epochMs(1),
  causedBy,
});

function tamper(file: string, statements: string): void {
  chmodSync(join(directory, file), 0o600);
  const database = new DatabaseSync(join(directory, file));
  database.exec(`DROP TRIGGER IF EXISTS terms_never_change; DROP TRIGGER IF EXISTS terms_never_go; ${statements}`);
  database.close();
}

async function found(journal: SqliteJournal, term: string, limit = 100): Promise<readonly string[]> {
  const ids: string[] = [];
  let cursor: string | null = null;
  do {
    const page = await journal.range({
      streams: [],
      kinds: [],
      subject: null,
      from: null,
      to: null,
      term,
      limit,
      newestFirst: true,
      cursor,
    });
    ids.push(...page.events.map(({ stream, seq }) => `${stream}/${seq}`));
    cursor = page.nextCursor;
  } while (cursor !== null);
  return ids;
}

it("finds by term also in segments of the first format, and goes on in the newest", async () => {
  const before = await open();
  await before.append("operator", [asked("ann", "r1"), asked("bob", "r2"), asked("ann", "r3")]);
  await before.append(STREAM, [effect("a", "r1"), effect("b", "r2"), effect("c", "r1")]);
  await before.close();
  for (const file of readdirSync(directory).filter((name) => /^(observed|operator)-\d+\.sqlite$/.test(name)))
    tamper(file, "DROP TABLE terms; PRAGMA user_version = 1;");
  expect(verifyJournal({ directory, key })).toMatchObject({ ok: true, events: 6 });

  const journal = await open();
  await journal.append("operator", [asked("ann", "r4")]);
  await journal.append(STREAM, [effect("d", "r1")]);
  for (const limit of [1, 100]) {
    expect(await found(journal, userTerm("ann"), limit)).toEqual(["operator/4", "operator/3", "operator/1"]);
    expect(await found(journal, causeTerm("r1"), limit)).toEqual([`${STREAM}/4`, `${STREAM}/3`, `${STREAM}/1`]);
  }
  expect(await found(journal, MARK_TERM)).toHaveLength(4);
  await journal.close();
  expect(verifyJournal({ directory, key })).toMatchObject({ ok: true, events: 8 });
});

it.each([
  ["a term removed, which hides an event from those who look for a user", "DELETE FROM terms WHERE term LIKE 'user %'"],
  ["a term that points to another event", "UPDATE terms SET position = 1 WHERE position = 2"],
  ["a term of an event that is not here", "UPDATE terms SET position = 99 WHERE position = 2 AND term = 'mark'"],
  ["a term at another time", "UPDATE terms SET observed_at = 5 WHERE position = 2"],
])("verification finds %s", async (_, statement) => {
  const journal = await open();
  await journal.append("operator", [asked("ann", "r1"), asked("bob", "r2")]);
  await journal.close();
  expect(verifyJournal({ directory, key }).ok).toBe(true);
  tamper("operator-000001.sqlite", statement);
  expect(verifyJournal({ directory, key })).toMatchObject({ ok: false, faults: [{ chain: "operator" }] });
});
