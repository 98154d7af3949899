/**
 * A process for tests that stop and kill it: waits until it holds the journal, then appends as fast as it can and writes
 * each event that was acknowledged on a line of its own, without a buffer of its own in between. Ends at the first
 * append that is refused, saying how.
 */
import { writeSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { dnaStream, type EventDraft, OPERATOR_STREAM } from "#server/contract/event.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { openScyllaJournal } from "./journal.ts";

const STREAMS = [OPERATOR_STREAM, dnaStream("eu-1")];
const IN_FLIGHT_PER_STREAM = 3;
const STDOUT = 1;
const POLL_MS = 20;

const clock: Clock = {
  now: () => epochMs(Date.now()),
  monotonic: () => monotonicMs(performance.now()),
  sleep: (ms, signal) => sleep(ms, undefined, signal === undefined ? {} : { signal }),
};
const [contactPoint = "", localDataCenter = "", keyspace = "", secret = "", round = "0"] = process.argv.slice(2);
const journal = await openScyllaJournal({
  contactPoints: [contactPoint],
  localDataCenter,
  keyspace,
  key: { from: "secret", secret },
  replication: null,
  clock,
  log: silentLogger,
  holder: `child:${process.pid}`,
  lease: { leaseMs: 1_000, beatMs: 200 },
  segmentEvents: 500,
});
const say = (line: string) => writeSync(STDOUT, `${line}\n`);

async function load(stream: string, lane: number): Promise<void> {
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

while (journal.role.state().role === "follower") await sleep(POLL_MS);
say("writes");
const lanes = STREAMS.flatMap((stream) =>
  Array.from({ length: IN_FLIGHT_PER_STREAM }, (_, lane) => load(stream, lane)),
);
await Promise.race(lanes).catch((cause: unknown) => {
  const code = cause instanceof OpsError ? cause.code : "none";
  say(`rejected ${code} ${messageOf(cause)}`);
});
say(`state ${JSON.stringify(journal.role.state())}`);
process.exit(0);
