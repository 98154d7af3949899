import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { atLeast, type Figure, median } from "#bench/figure.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { type Folds, reduceAll } from "#server/contract/fold/fold.ts";
import type { SqliteJournal } from "#server/journal/adapters/sqlite/journal.ts";
import { HISTORY_EVENTS } from "./history.ts";

const ROUNDS = 3;
const PAGE = 2_000;

/** Every event read, parsed and folded, as a start without snapshots would; beside the same texts of a plain table, read and parsed. */
export async function replayFigure(journal: SqliteJournal, directory: string): Promise<Figure> {
  const bare = await copyPlain(journal, join(directory, "plain.sqlite"));
  const times = { ours: [] as number[], bare: [] as number[] };
  for (let turn = 0; turn < ROUNDS; turn += 1) {
    times.ours.push(await timed(() => foldAll(journal)));
    times.bare.push(await timed(async () => readAll(bare)));
  }
  bare.close();
  const [oursMs, bareMs] = [median(times.ours), median(times.bare)];
  return {
    figure: "journal.replay.rate",
    ...atLeast(0.8, "x bare read + JSON.parse").judge(bareMs / oursMs),
    beside: { events: HISTORY_EVENTS, oursMs: Math.round(oursMs), bareMs: Math.round(bareMs), rounds: ROUNDS },
  };
}

async function timed(act: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  await act();
  return performance.now() - startedAt;
}

async function foldAll(journal: SqliteJournal): Promise<number> {
  let events = 0;
  for (const { stream, seq } of await journal.heads()) {
    let folds: Folds = {};
    let after = "0";
    // The next page is read, in the journal's thread, while this one is folded.
    let reading = journal.after(stream, after, PAGE);
    while (after !== seq) {
      const page = await reading;
      after = page.at(-1)?.seq ?? seq;
      reading = after === seq ? Promise.resolve([]) : journal.after(stream, after, PAGE);
      folds = reduceAll(folds, page);
      events += page.length;
    }
  }
  if (events !== HISTORY_EVENTS) throw new Error(`${events} events were folded`);
  return events;
}

async function copyPlain(journal: SqliteJournal, file: string): Promise<DatabaseSync> {
  const database = new DatabaseSync(file);
  database.exec("CREATE TABLE events (seq INTEGER PRIMARY KEY, text TEXT NOT NULL) STRICT");
  const insert = database.prepare("INSERT INTO events (text) VALUES (?)");
  database.exec("BEGIN");
  for (const { stream, seq } of await journal.heads()) {
    let after = "0";
    while (after !== seq) {
      const page = await journal.after(stream, after, PAGE);
      for (const event of page) insert.run(JSON.stringify(event));
      after = page.at(-1)?.seq ?? seq;
    }
  }
  database.exec("COMMIT");
  return database;
}

function readAll(database: DatabaseSync): number {
  let events = 0;
  for (const row of database.prepare("SELECT text FROM events ORDER BY seq").iterate()) {
    const event = JSON.parse(String(row.text)) as JournalEvent;
    if (event.seq !== "") events += 1;
  }
  if (events !== HISTORY_EVENTS) throw new Error(`${events} events were read`);
  return events;
}
