/**
 * A process for the test that kills it: appends to the journal of a directory as fast as it can and writes the id of
 * each event that was acknowledged on a line of its own, without a buffer of its own in between.
 */
import { dnaStream, OPERATOR_STREAM } from "#server/contract/event.ts";
import { appendWithoutEnd, say } from "#server/journal/adapters/append-load.test-kit.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { openSqliteJournal } from "./journal.ts";

const STREAMS = [OPERATOR_STREAM, dnaStream("eu-1"), dnaStream("eu-2")];
const IN_FLIGHT_PER_STREAM = 4;

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

say("open");
await Promise.all(appendWithoutEnd({ journal, streams: STREAMS, inFlightPerStream: IN_FLIGHT_PER_STREAM, round }));
