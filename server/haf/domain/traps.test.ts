import { describe, expect, it } from "vitest";
import { epochMs } from "#server/kernel/clock.ts";
import { DETACHED_MARKER, isInSync, judgeApp } from "./app-state.ts";
import { judgeChecks } from "./checks.ts";
import { aContext, ago, aLook, anInstance, NOW } from "./facts.test-kit.ts";
import { indexFacts, observeIdle, pendingOf, STUCK_AFTER_MS } from "./index-facts.ts";
import { blockAgeMs, estimatedHead, type IndexFacts, isReady, isStale } from "./instance.ts";
import { blocksPerSecond, observePace } from "./pace.ts";
import { phasesOf, type StackFacts } from "./phases.ts";
import { newestOf, zoneOf } from "./zone.ts";

const index = (status: string, contexts: readonly number[] = [0], name = "pk"): IndexFacts => ({
  ...{ table: "hafd.blocks", name, contexts, status },
});
const stack = (more: Partial<StackFacts>): StackFacts => ({
  ...{ syncState: "LIVE", ready: true, apps: [], appIndexesPending: 0, buildersAlive: false, setupAlive: false },
  ...more,
});
const phases = (more: Partial<StackFacts>) => phasesOf(stack(more))?.phases;
const check = (id: string, more: Parameters<typeof aLook>[0]) =>
  judgeChecks(aLook(more)).find((verdict) => verdict.check === id);

describe("traps of a real stack", () => {
  it("1: a fresh database is ready before hived ever connected, and the stack is starting all the same", () => {
    const instance = anInstance({ syncState: "START", consistentBlock: 1 });
    expect(isReady(instance, [])).toBe(true);
    expect(phases({ syncState: "START", ready: true })).toEqual(["haf_starting"]);
  });

  it("2: indexes are back and the instance is ready while hived is still in P2P: the replay goes on", () => {
    expect(isReady(anInstance({ syncState: "P2P" }), [index("created")])).toBe(true);
    expect(phases({ syncState: "P2P", ready: true })).toEqual(["replay"]);
    expect(phases({ syncState: "LIVE", ready: false })).toEqual(["replay"]);
    expect(phases({ syncState: "LIVE", ready: true })).toEqual(["live_trigger_fired"]);
  });

  it("3: an app is live once it is attached and in sync, whatever its stage says", () => {
    const context = aContext({ attached: true, currentBlock: 11_999, loop: { stage: "MASSIVE_PROCESSING" } });
    expect(judgeApp({ context, consistentBlock: 12_000, indexesPending: 0, known: null })).toBe("live");
    expect(phases({ apps: [{ state: "live", stage: "MASSIVE_PROCESSING" }] })).toEqual([
      "app_live_wait",
      "api_serving",
    ]);
    expect(phases({ apps: [{ state: "live", stage: "live" }] })).toEqual(["api_serving"]);
  });

  it("4: a block that goes down begins its pace anew, so that nothing is ever counted backwards", () => {
    const before = observePace(observePace([], { atMs: 0, block: 12_000 }), { atMs: 2_000, block: 12_004 });
    expect(blocksPerSecond(before)).toBe(2);
    const after = observePace(before, { atMs: 4_000, block: 12_001 });
    expect(blocksPerSecond(after)).toBeNull();
    expect(blocksPerSecond(observePace(after, { atMs: 6_000, block: 12_003 }))).toBe(1);
  });

  it("5: the largest bigint marks a context that was detached, 0 one that never iterated", () => {
    const judge = (eventsId: string, currentBlock: number) =>
      judgeApp({
        context: aContext({ eventsId, currentBlock }),
        consistentBlock: 12_000,
        indexesPending: 0,
        known: null,
      });
    expect(DETACHED_MARKER).toBe((2n ** 63n - 1n).toString());
    expect(judge("0", 0)).toBe("installed");
    expect(judge(DETACHED_MARKER, 0)).toBe("massive");
  });

  it("6: a beginning app that is attached and detached in one transaction is never taken for one that was live", () => {
    const context = aContext({ eventsId: DETACHED_MARKER, currentBlock: 3_000, loop: { stage: "MASSIVE_PROCESSING" } });
    const known = { state: "waiting_for_haf", stage: "wait_for_haf", block: 0 } as const;
    expect(judgeApp({ context, consistentBlock: 12_000, indexesPending: 0, known })).toBe("massive");
  });

  it("7: activity in the future, or at a zone's offset while it goes on, is a zone; an app that fell silent is none", () => {
    const at = (ageMs: number, asOfMs = 0) => ({
      lastActiveAt: epochMs(NOW + asOfMs - ageMs),
      asOf: epochMs(NOW + asOfMs),
    });
    const hour = 3_600_000;
    expect(zoneOf(at(-2 * hour), null)).toEqual({ correctMs: 2 * hour });
    expect(zoneOf(at(5 * hour + 2_000, 4_000), at(5 * hour))).toEqual({ correctMs: -5 * hour });
    expect(zoneOf(at(5.5 * hour, 4_000), at(5.5 * hour + 3_000))).toEqual({ correctMs: -5.5 * hour });
    expect(
      zoneOf({ lastActiveAt: ago(5 * hour), asOf: NOW }, { lastActiveAt: ago(5 * hour), asOf: ago(4_000) }),
    ).toEqual({
      correctMs: 0,
    });
    expect(zoneOf(at(2_000), at(2_000, -4_000))).toEqual({ correctMs: 0 });
    expect(newestOf([at(5 * hour), at(3_000)])).toEqual(at(3_000));
    expect(check("clock-zone", { zone: { correctMs: 2 * hour, inFuture: true } })).toMatchObject({ level: "warning" });
  });

  it("8: an app silent for 10 minutes warns, for three and a half hours says that it will be detached", () => {
    const silent = (minutes: number) => ({ apps: [{ name: "a", state: "live" as const, silentMs: minutes * 60_000 }] });
    expect(check("app-silent", silent(9))?.level).toBe("ok");
    expect(check("app-silent", silent(11))).toMatchObject({ level: "warning", about: ["a"] });
    expect(check("app-auto-detach", silent(209))?.level).toBe("ok");
    expect(check("app-auto-detach", silent(211))).toMatchObject({ level: "critical", about: ["a"] });
    const detached = { apps: [{ name: "a", state: "detached" as const, silentMs: 300 * 60_000 }] };
    expect(check("app-auto-detach", detached)?.level).toBe("ok");
  });

  it("9: what was known of a removed app says nothing of the next one of its name", () => {
    const context = aContext({ id: 9 });
    expect(judgeApp({ context, consistentBlock: 12_000, indexesPending: 0, known: null })).toBe("installed");
  });

  it("10: no index registered at all is nothing to do", () => {
    expect(isReady(anInstance(), [])).toBe(true);
    expect(indexFacts([], new Map(), 0)).toMatchObject({ missing: 0, creating: 0, created: 0, pending: {} });
  });

  it("11: an index that says creating while nobody builds it is stuck after a minute, and not before", () => {
    const indexes = [index("creating", [0], "a"), index("creating", [1], "b")];
    const look = (nowMs: number, more = {}) => ({ indexes, builds: [], connections: [], nowMs, ...more });
    let idle = observeIdle(new Map(), look(0));
    idle = observeIdle(idle, look(STUCK_AFTER_MS));
    expect(indexFacts(indexes, idle, STUCK_AFTER_MS).stuck).toEqual([]);
    expect(indexFacts(indexes, idle, STUCK_AFTER_MS + 1).stuck).toEqual(["hafd.blocks.a", "hafd.blocks.b"]);
    const built = { builds: [{ table: "hafd.blocks", phase: "building", share: 0.5 }] };
    expect(observeIdle(idle, look(99_000, built)).size).toBe(0);
    const works = { connections: [{ application: "haf_monitor", user: "h", state: "active", count: 1 }] };
    expect(observeIdle(idle, look(99_000, works)).size).toBe(0);
    expect(observeIdle(idle, look(99_000, { builds: null }))).toBe(idle);
    const untold = { connections: [{ application: "hived", user: "h", state: "not told", count: 1 }] };
    expect(observeIdle(idle, look(99_000, untold)).size).toBe(0);
  });

  it("12: a stopped hived leaves the last values: LIVE with a block older than a minute is stale", () => {
    const old = (ms: number, syncState = "LIVE") => anInstance({ consistentBlockAt: ago(ms), syncState });
    expect([isStale(old(60_000)), isStale(old(61_000)), isStale(old(61_000, "P2P"))]).toEqual([false, true, false]);
    expect(check("stale", { instance: old(61_000) })).toMatchObject({ level: "critical" });
    expect(check("stale", { instance: old(61_000, "REINDEX") })?.level).toBe("not-known");
  });

  it("13: a pruned node is always ready, and a lagging app's block may not be there", () => {
    expect(isReady(anInstance({ pruning: 100 }), [index("missing")])).toBe(true);
    const lagging = (currentBlock: number) =>
      judgeApp({
        ...{ context: aContext({ attached: true, currentBlock, loop: { stage: "live" } }), consistentBlock: 12_000 },
        ...{ indexesPending: 0, known: { state: "live", stage: "live", block: currentBlock } },
      });
    expect([lagging(11_990), lagging(11_000)]).toEqual(["live", "lagging"]);
    expect(blockAgeMs(anInstance({ consistentBlockAt: null }))).toBeNull();
    expect(estimatedHead(anInstance({ consistentBlockAt: null }))).toBeNull();
  });

  it("14: indexes without a status, as older releases have them, hold nothing up", () => {
    expect(isReady(anInstance(), [index("created"), index("created", [1])])).toBe(true);
    expect(pendingOf([index("created"), index("missing", [0, 3])])).toEqual({ "0": 1, "3": 1 });
  });

  it("15: slowness while the chain stands still is told with that", () => {
    const recent = { "app-slow": { agoMs: 1_000, evidence: "a took longer", about: ["a"] } };
    expect(check("app-slow", { recent })).toMatchObject({ level: "warning", evidence: "a took longer" });
    const paused = anInstance({ consistentBlockAt: ago(120_000) });
    expect(check("app-slow", { recent, instance: paused })?.evidence).toContain("the chain stands still");
    expect(check("app-slow", { recent: { "app-slow": { ...recent["app-slow"], agoMs: 601_000 } } })?.level).toBe("ok");
  });
});

describe("states of an app", () => {
  const judge = (
    more: Parameters<typeof aContext>[0],
    known: Parameters<typeof judgeApp>[0]["known"] = null,
    pending = 0,
  ) => judgeApp({ context: aContext(more), consistentBlock: 12_000, indexesPending: pending, known });

  it("go from installed over pending indexes and waiting to massive", () => {
    expect(judge({})).toBe("installed");
    expect(judge({}, null, 2)).toBe("indexes_pending");
    expect(judge({ loop: { stage: "wait_for_haf" } }, null, 2)).toBe("waiting_for_haf");
    expect(judge({ loop: { stage: "MASSIVE_WITHOUT_INDEXES" }, currentBlock: 5 }, null, 2)).toBe("massive");
  });

  it("are detached after having been live, and massive again once it takes blocks in batches", () => {
    const live = { state: "live", stage: "live", block: 12_004 } as const;
    const detached = { state: "detached", stage: "live", block: 12_001 } as const;
    expect(judge({ loop: { stage: "live" }, currentBlock: 12_001 }, live)).toBe("detached");
    expect(judge({ loop: { stage: "live" }, currentBlock: 12_001 }, detached)).toBe("detached");
    expect(judge({ loop: { stage: "live" }, currentBlock: 12_001 })).toBe("detached");
    expect(judge({ loop: { stage: "MASSIVE" }, currentBlock: 12_001 }, detached)).toBe("massive");
    const still = { state: "detached", stage: "MASSIVE", block: 100 } as const;
    expect(judge({ loop: { stage: "MASSIVE" }, currentBlock: 100 }, still)).toBe("detached");
    expect(judge({ loop: { stage: "MASSIVE" }, currentBlock: 900 }, still)).toBe("massive");
  });

  it("lag only after having been live, attached, at a block older than a minute", () => {
    const live = { state: "live", stage: "live", block: 11_000 } as const;
    const behind = (ms: number) => ({
      attached: true,
      currentBlock: 11_000,
      currentBlockAt: ago(ms),
      loop: { stage: "x" },
    });
    expect(judge(behind(59_000), live)).toBe("live");
    expect(judge(behind(61_000), live)).toBe("lagging");
    expect(judge(behind(61_000))).toBe("massive");
    expect(judge({ ...behind(61_000), currentBlock: 12_004 }, { ...live, state: "lagging" })).toBe("live");
  });

  it("count as in sync up to one block behind, and ahead on reversible ones, only while attached", () => {
    const at = (currentBlock: number, attached: boolean | null = true) => isInSync({ attached, currentBlock }, 12_000);
    expect([at(11_998), at(11_999), at(12_003), at(12_000, false), at(12_000, null)]).toEqual([
      ...[false, true, true, false, false],
    ]);
    expect(isInSync({ attached: true, currentBlock: 5 }, null)).toBe(false);
  });
});
