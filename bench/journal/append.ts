import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { atLeast, type Figure, median, round } from "#bench/figure.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { openJournal, producerOf } from "./history.ts";

const ROUNDS = 5;
/** Producers that each wait until what they appended is durable: readers, jobs, operators of a busy console. */
const PRODUCERS = 32;
const SINGLES = 6_000;
const BATCHED = 30_000;
const BATCH = 100;
const STREAMS = 4;

/**
 * Durable appends a second, one event each, of many producers at once, beside bare inserts of the same bytes into a
 * plain table, each durable too. Beside it, as what it is: one producer alone, and batches of 100 in one commit, where
 * nothing is left to share and the chain, five indexes and a thread of its own are paid in full.
 */
export async function* appendFigures(): AsyncIterable<Figure> {
  const directory = mkdtempSync(join(tmpdir(), "worldline-bench-append-"));
  try {
    const clock = createSystemClock();
    const journal = await openJournal(join(directory, "journal"), clock);
    const producers = Array.from({ length: STREAMS }, (_, n) => producerOf(`dynflow:${n}`, n, () => clock.now()));
    const stored: JournalEvent[] = [];

    async function appendAll(count: number, lanes: number, batch: number): Promise<number> {
      let left = count;
      const lane = async (n: number): Promise<void> => {
        const produce = producers[n % STREAMS];
        while (left > 0 && produce !== undefined) {
          left -= batch;
          const events = await journal.append(`dynflow:${n % STREAMS}`, Array.from({ length: batch }, produce));
          if (stored.length < BATCHED) stored.push(...events);
        }
      };
      const startedAt = performance.now();
      await Promise.all(Array.from({ length: lanes }, (_, n) => lane(n)));
      return perSecond(count, startedAt);
    }

    const bare = openBare(join(directory, "bare.sqlite"));
    await appendAll(BATCHED, PRODUCERS, BATCH);
    const texts = stored.map((event) => Buffer.from(JSON.stringify(event)));
    const singles = texts.slice(0, SINGLES);
    const rates = {
      ours: [] as number[],
      bare: [] as number[],
      alone: [] as number[],
      batch: [] as number[],
      bareBatch: [] as number[],
    };
    for (let turn = 0; turn < ROUNDS; turn += 1) {
      rates.ours.push(await appendAll(SINGLES, PRODUCERS, 1));
      rates.bare.push(bare.insert(singles, 1));
      rates.alone.push(await appendAll(SINGLES / 4, 1, 1));
      rates.batch.push(await appendAll(BATCHED, 4, BATCH));
      rates.bareBatch.push(bare.insert(texts, BATCH));
    }
    bare.close();
    await journal.close();
    const per = (key: keyof typeof rates) => Math.round(median(rates[key]));
    yield {
      figure: "journal.append.rate",
      ...atLeast(0.7, "x bare SQLite").judge(per("ours") / per("bare")),
      beside: {
        appendsPerSecond: per("ours"),
        barePerSecond: per("bare"),
        producers: PRODUCERS,
        oneProducer: round(per("alone") / per("bare")),
        batchOf100: {
          ratio: round(per("batch") / per("bareBatch")),
          eventsPerSecond: per("batch"),
          bare: per("bareBatch"),
        },
        bare: "a table of numbers and bytes, WAL, synchronous = FULL, one commit an append",
        rounds: ROUNDS,
      },
    };
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function openBare(file: string) {
  const database = new DatabaseSync(file);
  database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;");
  database.exec("CREATE TABLE events (seq INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT");
  const insert = database.prepare("INSERT INTO events (bytes) VALUES (?)");
  return {
    /** Answers rows a second. */
    insert(texts: readonly Buffer[], batch: number): number {
      const startedAt = performance.now();
      for (let start = 0; start < texts.length; start += batch) {
        database.exec("BEGIN IMMEDIATE");
        for (const text of texts.slice(start, start + batch)) insert.run(text);
        database.exec("COMMIT");
      }
      return perSecond(texts.length, startedAt);
    },
    close: () => database.close(),
  };
}

const perSecond = (count: number, startedAt: number): number => count / ((performance.now() - startedAt) / 1_000);
