/**
 * A process for the test that kills it: appends to the journal of a directory as fast as it can and writes the id of
 * each event that was acknowledged on a line of its own, without a buffer of its own in between.
 */
import { writeSync } from "node:fs";
import { dnaStream, type EventDraft, OPERATOR_STREAM } from "#server/contract/event.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { openSqliteJournal } from "./journal.ts";

const STREAMS = [OPERATOR_STREAM, dnaStream("eu-1"), dnaStream("eu-2")];
const IN_FLIGHT_PER_STREAM = 4;
const STDOUT = 1;

const clock: Clock = {
  now: () => epochMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
  sleep: () => Promise.reject(new Error("nothing here sleeps")),
};

const [directory = "", round = "0", segmentEvents = "1000"] = process.argv.slice(2);
const journal = await openSqliteJournal({
  directory,
  key: { from: "generated" },
  clock,
  log: silentLogger,
  segmentEvents: Number(segmentEvents),
});

async function load(stream: string, lane: number): Promise<never> {
  for (let n = 0; ; n += 1) {
    const drafts = Array.from(
      { length: 1 + (n % 7) },
      (_, k): EventDraft => ({
        id: `${round}-${lane}-${n}-${k}`,
        kind: "dna.row.unreadable",
        body: { cluster: "prod", reason: "x".repeat(n % 300) },
        subject: `row-${k}`,
        occurredAt: epochMs(n),
      }),
    );
    const events = await journal.append(stream, drafts);
    writeSync(STDOUT, events.map((event) => `${stream} ${event.seq} ${event.id}\n`).join(""));
  }
}

writeSync(STDOUT, "open\n");
await Promise.all(
  STREAMS.flatMap((stream) => Array.from({ length: IN_FLIGHT_PER_STREAM }, (_, lane) => load(stream, lane))),
);
