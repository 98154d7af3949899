import { describe, expect, it } from "vitest";
import { type History, playHistory } from "./history.test-kit.ts";
import type { Mishap } from "./mishaps.test-kit.ts";
import { historyOf as historyBySeed, judgeHistory } from "./random-history.test-kit.ts";

const SHORT_MS = 170_000;
const HASTY_SEEDS = 60;
const LATER_MS = 30_000;

const PATIENT: History["operator"] = { failsOver: "release", haste: "patient", stops: false, troubles: false };
const historyOf = (change: Partial<History>): History => ({
  ...{ seed: 1, mishaps: [], lengthMs: SHORT_MS, beam: false, operator: PATIENT },
  ...change,
});
const operator = (change: Partial<History["operator"]>): Pick<History, "operator"> => ({
  operator: { ...PATIENT, ...change },
});

describe("the referee notices", () => {
  const gap: Mishap = { kind: "no-reads", atMs: 20_000, forMs: 15_000, node: 0 };
  it("a console that counts silence over a gap in its reads", async () => {
    const kill: Mishap = { kind: "kill", atMs: 15_000, forMs: 0, node: 1 };
    expect((await playHistory(historyOf({ mishaps: [gap, kill] }))).lies).toEqual([]);
    const blind = await playHistory(historyOf({ mishaps: [gap, kill], ignoresGaps: true }));
    expect(blind.lies.length).toBeGreaterThan(0);
    expect(blind.unfounded.length).toBeGreaterThan(0);
  });

  const pause: Mishap = { kind: "pause", atMs: 15_000, forMs: 36_000, node: 1 };
  /** The second node caches its own keys, stops, and serves them when it goes on; the first is asked for them meanwhile. */
  const requests: NonNullable<History["requests"]> = ([, second = []]) =>
    second.flatMap((key) => [
      { atMs: 13_000, node: 1, key },
      { atMs: 50_000, node: 0, key },
      { atMs: 62_000, node: 1, key },
    ]);
  /** Later, when every node has been alive for long enough to be given keys. */
  const lateRequests: History["requests"] = (owned) =>
    requests(owned).map((request) => ({ ...request, atMs: request.atMs + LATER_MS }));
  it.each(["release", "claim"] as const)("an operator who does a %s without the wait", async (failsOver) => {
    const hasty = historyOf({
      mishaps: [{ ...pause, atMs: pause.atMs + LATER_MS }],
      requests: lateRequests,
      ...operator({ failsOver, haste: "impatient" }),
    });
    const { referee } = await playHistory(hasty);
    const cause = failsOver === "release" ? "released" : "claimed";
    const caused = referee.doubleOwners.filter((double) => double.cause === cause && double.residual === null);
    expect(caused.length).toBeGreaterThan(0);
    expect((await judgeHistory(hasty)).length).toBeGreaterThan(0);
  });
  it("a console that takes a node's silence for a proof of its death", async () => {
    const trusting = historyOf({ mishaps: [pause], requests, beam: true });
    expect(await judgeHistory(trusting)).toEqual([]);
    const { unfounded, referee } = await playHistory({ ...trusting, trustsSilence: true });
    expect(unfounded.length).toBeGreaterThan(0);
    expect(referee.doubleOwners.some(({ cause, residual }) => cause === "released" && residual === null)).toBe(true);
  });
  it(`an impatient operator in some of ${HASTY_SEEDS} random histories with a pause, and a patient one in none`, async () => {
    const caught = { impatient: 0, patient: 0 };
    for (let seed = 1; seed <= HASTY_SEEDS; seed += 1) {
      const paused: Mishap = { kind: "pause", atMs: 20_000, forMs: 25_000 + (seed % 20) * 1_000, node: seed % 3 };
      for (const haste of ["impatient", "patient"] as const) {
        const shared = { failsOver: "release", haste, stops: false, troubles: false } as const;
        const history = { ...historyBySeed(seed), beam: false, lengthMs: 90_000, mishaps: [paused], operator: shared };
        const faults = await judgeHistory(history);
        if (faults.some((fault) => fault.includes("is served by"))) caught[haste] += 1;
      }
    }
    process.stdout.write(`impatient operators caught: ${caught.impatient} of ${HASTY_SEEDS}\n`);
    expect(caught.impatient).toBeGreaterThan(0);
    expect(caught.patient).toBe(0);
  }, 60_000);
  it("a console that does not look for doubled actors", async () => {
    const doubling = historyOf({ mishaps: [pause], requests, beam: true, ...operator({ failsOver: "not" }) });
    const told = await playHistory(doubling);
    expect(told.misreported).toEqual([]);
    expect(told.reported).toBeGreaterThan(3);
    expect((await playHistory({ ...doubling, walksNever: true })).misreported.length).toBeGreaterThan(0);
  });
  it("that DNA by itself doubles owners when a stopped node goes on, without any release", async () => {
    const { referee } = await playHistory(historyOf({ mishaps: [pause], requests, ...operator({ failsOver: "not" }) }));
    expect(new Set(referee.doubleOwners.map((double) => double.cause))).toEqual(new Set(["taken-over"]));
  });
});

describe("a worker that hangs", () => {
  const hang: Mishap = { kind: "hang", atMs: 15_000, forMs: 0, node: 1 };
  const every10s = Array.from({ length: 15 }, (_, index) => 16_000 + index * 10_000);
  const requests: History["requests"] = ([, second = []]) =>
    second.flatMap((key) => [...every10s.map((atMs) => ({ atMs, node: 1, key })), { atMs: 120_000, node: 0, key }]);
  it.each(["release", "claim"] as const)(
    "is counted apart: no reader of the database can see it, a %s by the rule doubles its keys",
    async (failsOver) => {
      const history = historyOf({ mishaps: [hang], requests, ...operator({ failsOver }) });
      const { referee, lies, unfounded } = await playHistory(history);
      expect([lies, unfounded]).toEqual([[], []]);
      const caused = referee.doubleOwners.filter(({ cause }) => cause === "released" || cause === "claimed");
      expect(caused.length).toBeGreaterThan(0);
      expect(new Set(caused.map((double) => double.residual))).toEqual(new Set(["hung-worker"]));
    },
  );
  it("is seen with access to the nodes: nothing of it is failed over", async () => {
    const { operator: done, referee } = await playHistory(historyOf({ mishaps: [hang], requests, beam: true }));
    expect(done.released).toBe(0);
    expect(referee.doubleOwners.filter(({ cause }) => cause === "released")).toEqual([]);
  });
});

describe("what is proven", () => {
  const kill: Mishap = { kind: "kill", atMs: 15_000, forMs: 0, node: 1 };
  it("needs no wait: with access to the nodes the keys of a killed one are released before 75 s have passed", async () => {
    const early = { mishaps: [kill], lengthMs: 60_000 };
    expect((await playHistory(historyOf({ ...early, beam: true }))).operator.released).toBeGreaterThan(0);
    expect((await playHistory(historyOf(early))).operator.released).toBe(0);
  });
  const TWIN = 3;
  /** The second VM of a name takes the keys of the first, which has ended, stands still, and wakes up. */
  const shared = (killedAtMs: number): History =>
    historyOf({
      beam: true,
      mishaps: [
        { kind: "twin", atMs: 5_000, forMs: 200_000, node: 1 },
        { ...kill, atMs: killedAtMs },
        { kind: "pause-twin", atMs: 50_000, forMs: 40_000, node: 1 },
      ],
      requests: ([, second = []]) =>
        second.flatMap((key) => [
          { atMs: 45_000, node: TWIN, key },
          { atMs: 85_000, node: 0, key },
          { atMs: 92_000, node: TWIN, key },
        ]),
    });
  it("is nothing where two VMs were seen to bear the name: the wait is kept, and nothing is doubled", async () => {
    const { unfounded, unfoundedByName, lies, referee } = await playHistory(shared(20_000));
    expect([unfounded, lies, unfoundedByName]).toEqual([[], [], 0]);
    expect(referee.doubleOwners.filter(({ cause }) => cause === "released")).toEqual([]);
  });
  it("misleads where the second VM was never seen beside the first: that is counted apart", async () => {
    const { unfounded, unfoundedByName, lies, referee } = await playHistory(shared(5_500));
    expect([unfounded, lies]).toEqual([[], []]);
    expect(unfoundedByName).toBeGreaterThan(0);
    const caused = referee.doubleOwners.filter(({ cause }) => cause === "released");
    expect(new Set(caused.map(({ residual }) => residual))).toEqual(new Set(["second-vm"]));
  });
});

describe("a history", () => {
  it("is the same for the same number, event by event", async () => {
    const play = async (seed: number) => {
      const { simulation, operator: done, referee } = await playHistory(historyBySeed(seed));
      const rows = simulation.database.nodes("dna", "prod").map(({ id, writtenUs }) => [id, writtenUs]);
      return JSON.stringify([rows, done, referee.doubleOwners, referee.lostEvents()]);
    };
    for (const seed of [11, 12, 13]) expect(await play(seed)).toBe(await play(seed));
    expect(await play(11)).not.toBe(await play(12));
  });
  it("has the same owners whether actors are stopped or not: a stop changes nobody's", async () => {
    const kill: Mishap = { kind: "kill", atMs: 15_000, forMs: 0, node: 1 };
    const ownersOf = async (stops: boolean) => {
      const changes: unknown[] = [];
      const { simulation, operator: done } = await playHistory(
        historyOf({ mishaps: [kill], ...operator({ failsOver: "not", stops }) }),
        (event) => event.kind === "owner-changed" && changes.push(event),
      );
      return { changes, done, beats: simulation.database.nodes("dna", "prod") };
    };
    const [without, withStops] = [await ownersOf(false), await ownersOf(true)];
    expect(withStops.done.stopped).toBeGreaterThan(10);
    expect(withStops.changes).toEqual(without.changes);
    expect(withStops.beats).toEqual(without.beats);
    expect(without.changes.length).toBeGreaterThan(0);
  });
});
