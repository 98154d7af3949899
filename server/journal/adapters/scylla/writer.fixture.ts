/**
 * A process for tests that stop and kill it: waits until it holds the journal, then appends as fast as it can and writes
 * each event that was acknowledged on a line of its own, without a buffer of its own in between. Ends at the first
 * append that is refused, saying how.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { dnaStream, OPERATOR_STREAM } from "#server/contract/event.ts";
import { appendWithoutEnd, say } from "#server/journal/adapters/append-load.test-kit.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { openScyllaJournal } from "./journal.ts";
import type { LeaseTimes } from "./options.ts";

const STREAMS = [OPERATOR_STREAM, dnaStream("eu-1")];
const IN_FLIGHT_PER_STREAM = 3;
const POLL_MS = 20;

const clock: Clock = {
  now: () => epochMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const [contactPoint = "", localDataCenter = "", keyspace = "", secret = "", round = "0", lease = ""] =
  process.argv.slice(2);
const journal = await openScyllaJournal({
  contactPoints: [contactPoint],
  localDataCenter,
  keyspace,
  key: { from: "secret", secret },
  replication: null,
  clock,
  log: silentLogger,
  holder: `child:${process.pid}`,
  lease: JSON.parse(lease) as LeaseTimes,
  segmentEvents: 500,
});

while (journal.role.state().role === "follower") await sleep(POLL_MS);
say("writes");
const lanes = appendWithoutEnd({ journal, streams: STREAMS, inFlightPerStream: IN_FLIGHT_PER_STREAM, round });
await Promise.race(lanes).catch((cause: unknown) => {
  const code = cause instanceof OpsError ? cause.code : "none";
  say(`rejected ${code} ${messageOf(cause)}`);
});
say(`state ${JSON.stringify(journal.role.state())}`);
process.exit(0);
