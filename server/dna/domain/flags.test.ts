import { expect, it } from "vitest";
import { epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { type BeamEvidence, NO_EVIDENCE } from "./beam-evidence.ts";
import { judgeFlags, withZombies } from "./flags.ts";
import { type Incarnation, toIncarnationId } from "./identity.ts";
import { type ClusterSightings, emptyCluster, observeRead } from "./liveness.ts";

const older: Incarnation = { createdAt: epochMs(1_000), id: 1n };
const newer: Incarnation = { createdAt: epochMs(2_000), id: -2n };

/** One read: heartbeat of each, `null` = no row. */
function seen(cluster: ClusterSightings, atMs: number, beats: readonly [bigint | null, bigint | null], name = "dna@a") {
  const [first, second] = beats;
  const row = (incarnation: Incarnation, node: string, heartbeat: bigint) => ({
    id: toIncarnationId(incarnation),
    incarnation,
    node,
    heartbeat,
    load: null,
    writeAgeMs: null,
  });
  const rows = [
    ...(first === null ? [] : [row(older, "dna@a", first)]),
    ...(second === null ? [] : [row(newer, name, second)]),
  ];
  return observeRead(cluster, { startedAt: monotonicMs(atMs), rows, unreadIds: [], nameless: 0, loopLateMs: 0 });
}

const run = (reads: readonly (readonly [bigint | null, bigint | null])[], name?: string) =>
  judgeFlags(reads.reduce((cluster, beats, index) => seen(cluster, index * 2_000, beats, name), emptyCluster("c")));

const restart: [bigint | null, bigint | null][] = [
  [1n, null],
  [2n, null],
  [2n, 1n],
  [2n, 2n],
  [2n, 3n],
  [2n, 4n],
  [2n, 5n],
];

it("marks the older of one name superseded only once it has been silent for over 10 s", () => {
  expect(run(restart).size).toBe(0);
  const flags = run([...restart, [2n, 6n]]);
  expect([...flags.keys()]).toEqual([toIncarnationId(older)]);
  expect(flags.get(toIncarnationId(older))?.superseded).toContain(toIncarnationId(newer));
});
it("keeps superseded on an incarnation whose row is gone", () => {
  expect(run([...restart, [null, 6n], [null, 7n]]).get(toIncarnationId(older))?.superseded).toBeDefined();
});
it("marks both when both beat", () => {
  const flags = run([
    [1n, 1n],
    [2n, 1n],
    [2n, 2n],
  ]);
  expect(flags.get(toIncarnationId(older))?.name_conflict).toContain(toIncarnationId(newer));
  expect(flags.get(toIncarnationId(newer))?.name_conflict).toContain(toIncarnationId(older));
});
it("does not take a quick restart for a conflict", () => {
  expect(
    run([
      [1n, null],
      [2n, null],
      [2n, 1n],
      [2n, 2n],
      [2n, 3n],
    ]).size,
  ).toBe(0);
});
it("compares nothing across different node names", () => {
  expect(run([...restart, [2n, 6n], [2n, 7n]], "dna@b").size).toBe(0);
});

const answered = (incarnation: Incarnation, atMs: number): BeamEvidence => ({
  ...NO_EVIDENCE,
  identity: { incarnation, at: monotonicMs(atMs) },
});

/** Beats at 2 s, then is silent until `untilMs`. */
function silentSince(untilMs: number): ClusterSightings {
  let cluster = emptyCluster("c");
  for (let atMs = 0; atMs <= untilMs; atMs += 2_000) cluster = seen(cluster, atMs, [atMs < 2_000 ? 1n : 2n, null]);
  return cluster;
}
const zombieOf = (untilMs: number, evidence: BeamEvidence | null, nowMs = untilMs) =>
  withZombies(new Map(), silentSince(untilMs), () => evidence, monotonicMs(nowMs)).get(toIncarnationId(older))?.zombie;

it("calls one a zombie that is late or silent by the database and answers under its identity", () => {
  expect(zombieOf(14_000, answered(older, 13_000))).toBe(
    "late by the database, but its node answered under this identity 1.0 s ago",
  );
  expect(zombieOf(30_000, answered(older, 20_000))).toContain("silent by the database");
});
it("calls nobody a zombie on an answer from before its silence reached 10 s: it may have died since", () => {
  expect(zombieOf(14_000, answered(older, 12_000))).toBeUndefined();
});
it("calls nobody a zombie that beats, that another answered for, or that answered too long ago", () => {
  expect(zombieOf(8_000, answered(older, 8_000))).toBeUndefined();
  expect(zombieOf(30_000, answered(newer, 20_000))).toBeUndefined();
  expect(zombieOf(30_000, answered(older, 13_000), 48_001)).toBeUndefined();
  expect(zombieOf(30_000, null)).toBeUndefined();
});
