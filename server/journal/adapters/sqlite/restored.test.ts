import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { EventDraft } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { openSqliteJournal, type SqliteJournal } from "./journal.ts";

const STREAM = "dynflow:foreman";
let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "journal-"));
});
afterEach(() => rmSync(root, { recursive: true }));

const draft = (subject: string): EventDraft => ({
  kind: "dynflow.plan.gone",
  body: { from: "running" },
  subject,
  occurredAt: epochMs(1),
});

async function inFolder<T>(name: string, work: (journal: SqliteJournal) => Promise<T>): Promise<T> {
  const journal = await openSqliteJournal({
    directory: join(root, name),
    key: { from: "secret", secret: "a secret of at least thirty-two characters" },
    clock: createManualClock(),
    log: silentLogger,
  });
  try {
    return await work(journal);
  } finally {
    await journal.close();
  }
}

const epochIn = (name: string) => inFolder(name, async (journal) => (await journal.heads())[0]?.epoch);
const copy = (from: string, to: string) =>
  cpSync(join(root, from), join(root, to), { recursive: true, preserveTimestamps: true });

it("a journal keeps its epoch from one start to the next", async () => {
  await inFolder("a", (journal) => journal.append(STREAM, [draft("p")]));
  const first = await epochIn("a");
  expect(await epochIn("a")).toBe(first);
});

it("a copy that is put back has another, from its first start on: cursors of what was lost are not taken for its own", async () => {
  await inFolder("a", (journal) => journal.append(STREAM, [draft("p")]));
  copy("a", "backup");
  await inFolder("a", (journal) => journal.append(STREAM, [draft("lost")]));
  const before = await epochIn("a");
  rmSync(join(root, "a"), { recursive: true });
  copy("backup", "a");
  const restored = await epochIn("a");
  expect(restored).not.toBe(before);
  expect(await epochIn("a")).toBe(restored);
  await inFolder("a", (journal) => journal.append(STREAM, [draft("new")]));
  const events = await inFolder("a", (journal) => journal.after(STREAM, "0", 10));
  expect(events.map(({ subject }) => subject)).toEqual(["p", "new"]);
  expect(await inFolder("a", (journal) => journal.verifyChain())).toMatchObject({ ok: true });
});
