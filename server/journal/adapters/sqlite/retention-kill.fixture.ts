/**
 * A process for the test that kills it: writes ten days of events and a snapshot of what they come to, says so, and at
 * once lets retention drop, in small steps, what is older than two days. With `stall` it stops before that.
 */
import { writeSync } from "node:fs";
import { setTimeout as after } from "node:timers/promises";
import { dnaStream, type EventDraft, type JournalEvent } from "#server/contract/event.ts";
import { FOLD_VERSION, type Folds, reduceAll } from "#server/contract/fold/fold.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { openSqliteJournal } from "./journal.ts";

const STREAM = dnaStream("eu-1");
const DAY_MS = 86_400_000;
const DAYS = 10;
const EVENTS_PER_DAY = 20;
const STDOUT = 1;
const FOR_EVER_MS = 600_000;

const [directory = "", startDay = "0", mode = "drop"] = process.argv.slice(2);
let now = Number(startDay) * DAY_MS;
const clock: Clock = {
  now: () => epochMs(now),
  monotonic: () => monotonicMs(performance.now()),
  sleep: () => Promise.reject(new Error("nothing here sleeps")),
};
const journal = await openSqliteJournal({ directory, key: { from: "generated" }, clock, log: silentLogger });

const seen = (node: string): EventDraft => ({
  kind: "dna.node.seen",
  subject: node,
  occurredAt: epochMs(now),
  body: { cluster: "c", node, createdAt: epochMs(now), nodeId: "1" },
});

const begun = await journal.latestSnapshot(STREAM, FOLD_VERSION);
let folds: Folds = begun === null ? {} : { [STREAM]: begun.state };
const behind: JournalEvent[] = [...(await journal.after(STREAM, begun?.seq ?? "0", 10_000))];
for (let day = 0; day < DAYS; day += 1) {
  const drafts = Array.from({ length: EVENTS_PER_DAY }, (_, n) => seen(`${startDay}-${day}-${n}`));
  behind.push(...(await journal.append(STREAM, drafts)));
  now += DAY_MS;
}
folds = reduceAll(folds, behind);
const state = folds[STREAM];
const seq = behind.at(-1)?.seq;
if (state === undefined || seq === undefined) throw new Error("nothing was written");
await journal.writeSnapshot({ stream: STREAM, seq, foldVersion: FOLD_VERSION, state });
writeSync(STDOUT, `snapshot ${seq}\n`);
if (mode === "stall") await after(FOR_EVER_MS);
for (let keptDays = DAYS; keptDays >= 2; keptDays -= 1) {
  const rules = { keepMs: keptDays * DAY_MS, keepOperatorMs: 1_000 * DAY_MS, maxBytes: Number.MAX_SAFE_INTEGER };
  const { dropped } = await journal.retain(rules, FOLD_VERSION);
  writeSync(STDOUT, `dropped ${dropped.reduce((sum, { events }) => sum + events, 0)}\n`);
}
await after(FOR_EVER_MS);
