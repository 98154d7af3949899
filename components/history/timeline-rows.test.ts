import { describe, expect, it } from "vitest";
import type { JournalEvent } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { type JobOutcome, type TimelineRow, timelineRows } from "./timeline-rows.ts";

const KEY = { namespace: "game", moduleId: 0, name: "city/7" };
const owner = (incarnation: string | null) => ({ incarnation, claimedAt: null, unreadable: null });
const event = (kind: string, at: number, body: object): JournalEvent =>
  ({
    id: `${kind}@${at}`,
    stream: "dna:eu-1",
    seq: "1",
    subject: "game:0:city/7",
    occurredAt: epochMs(at),
    observedAt: epochMs(at),
    synthetic: false,
    causedBy: null,
    actor: null,
    kind,
    body: { ...KEY, ...body },
  }) as JournalEvent;
const seen = (at: number, notKnownFrom: number | null = null) =>
  event("dna.actor.seen", at, { owner: owner("1:1"), notKnownFrom });
const changed = (at: number, notKnownFrom: number) =>
  event("dna.actor.owner_changed", at, { from: owner("1:1"), to: owner("2:2"), notKnownFrom });
const released = (at: number, jobId: string) => event("dna.actor.released", at, { owner: "1:1", jobId });
const unwatched = (at: number, lastReadAt: number) =>
  event("dna.actor.unwatched", at, { lastReadAt, reason: "nobody looks at it any more" });
const outcome = (jobId: string, at: number, what: JobOutcome["outcome"] = "applied"): JobOutcome => ({
  jobId,
  title: "Release",
  of: "1:1",
  requestedBy: "ann",
  requestId: "op",
  outcome: what,
  at: new Date(at).toISOString(),
});
const page = (
  events: readonly JournalEvent[],
  blindSpots: { from: string; to: string | null; why: string }[] = [],
) => ({
  events: [...events],
  blindSpots,
});
const short = (rows: readonly TimelineRow[]) =>
  rows.map((row) =>
    row.kind === "event"
      ? `${row.event.kind.split(".").at(-1)} ${row.at}`
      : row.kind === "job"
        ? `job ${row.outcome.jobId} ${row.outcome.outcome} ${row.at}`
        : `? ${row.from ?? "…"}-${row.to ?? "…"}`,
  );

describe("a timeline", () => {
  it("puts what was not known between two owners between them", () => {
    expect(short(timelineRows([page([changed(9_000, 7_000), seen(1_000)])], [], true))).toEqual([
      "owner_changed 9000",
      "? 7000-9000",
      "seen 1000",
      "? …-1000",
    ]);
  });

  it("says that nothing is known from the last read on, until now or until somebody looks again", () => {
    expect(short(timelineRows([page([unwatched(9_000, 8_000), seen(1_000)])], [], true))).toEqual([
      "? 8000-…",
      "unwatched 9000",
      "seen 1000",
      "? …-1000",
    ]);
    const again = timelineRows([page([seen(20_000), unwatched(9_000, 8_000), seen(1_000)])], [], true);
    expect(short(again).slice(0, 3)).toEqual(["seen 20000", "? 8000-20000", "unwatched 9000"]);
  });

  it("tells an interval once, by whoever knows it better", () => {
    const rows = timelineRows([page([seen(20_000, 7_500), unwatched(9_000, 7_000), seen(1_000)])], [], true);
    expect(short(rows)).toEqual(["seen 20000", "? 7500-20000", "unwatched 9000", "seen 1000", "? …-1000"]);
  });

  it("tells a release once, by its event where the key was watched and by its job where it was not", () => {
    const outcomes = [outcome("a", 5_000), outcome("b", 6_000), outcome("c", 7_000, "moved")];
    expect(short(timelineRows([page([released(5_001, "a"), seen(1_000)])], outcomes, true))).toEqual([
      "job c moved 7000",
      "job b applied 6000",
      "released 5001",
      "seen 1000",
      "? …-1000",
    ]);
  });

  it("keeps outcomes back that are older than what is read, while there is more to read", () => {
    const pages = [page([seen(5_000, 4_000)])];
    expect(short(timelineRows([page([seen(3_000)])], [], false))).toEqual(["seen 3000"]);
    expect(short(timelineRows(pages, [outcome("a", 1_000)], false))).toEqual(["seen 5000", "? 4000-5000"]);
    expect(short(timelineRows(pages, [outcome("a", 1_000)], true))).toContain("job a applied 1000");
  });

  it("draws a blind spot that two pages tell once, and an event of both once", () => {
    const spot = { from: "1970-01-01T00:00:02.000Z", to: null, why: "eu-1 did not answer" };
    const rows = timelineRows([page([seen(5_000, 4_000)], [spot]), page([seen(5_000, 4_000)], [spot])], [], true);
    expect(short(rows)).toEqual(["? 2000-…", "seen 5000", "? 4000-5000"]);
  });
});
