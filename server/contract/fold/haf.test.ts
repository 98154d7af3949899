import { describe, expect, it } from "vitest";
import type { EventKind, JournalEvent } from "#server/contract/event.ts";
import type { HafAppState, HafRoleRef, HafRoleState } from "#server/contract/haf.ts";
import { epochMs } from "#server/kernel/clock.ts";
import {
  EMPTY_HAF,
  HAF_APPS_MAX,
  HAF_FACTS_MAX,
  HAF_LOG_TAIL_MAX,
  HAF_ROLES_MAX,
  type HafFold,
  reduceHaf,
} from "./haf.ts";

let tick = 0;
function event(kind: EventKind, subject: string, body: unknown): JournalEvent {
  tick += 1;
  const at = { occurredAt: epochMs(tick), observedAt: epochMs(1_000 + tick) };
  return { kind, subject, body, stream: "haf:hive", ...at } as unknown as JournalEvent;
}
const fold = (events: readonly JournalEvent[], from: HafFold = EMPTY_HAF): HafFold =>
  events.reduce((state, each) => reduceHaf(state, each), from);

const facts = (state: HafAppState) => ({
  ...{ contextId: 1, state, stage: null, attached: false, inSync: false },
  ...{ block: 0, forkId: "1", forking: true, owner: "postgres" },
});
const app = (name: string, from: HafAppState | null, to: HafAppState) =>
  event("haf.app.state_changed", name, { from, app: facts(to), evidence: "it is seen" });
const logged = (name: string, logId: number, word = "CREATED") =>
  event("haf.app.logged", name, {
    ...{ logId: String(logId), app: name, event: word, stage: "live", block: 7, forkId: "1", headBlock: 9 },
  });
const role = (ref: HafRoleRef, to: HafRoleState) =>
  event("haf.role.changed", `${ref.role}/${ref.app}/${ref.generation}`, {
    ...{ ...ref, from: null, to, inferred: true, cause: null, exitCode: null, evidence: "seen", container: null },
  });

describe("what a stack is known to be", () => {
  it("takes phases, sync state, readiness, indexes, progress, fork, hived and engine as they are told", () => {
    const indexes = { missing: 1, creating: 2, created: 3, invalid: 0, pending: { "0": 3 }, stuck: [] };
    const state = fold([
      event("haf.stack.state_changed", "hive", { from: [], to: ["replay"], evidence: "hived replays" }),
      event("haf.sync_state.changed", "hive", { from: "START", to: "REINDEX", expected: true }),
      event("haf.ready.changed", "hive", { ready: false, evidence: "27 indexes" }),
      event("haf.indexes.changed", "hive", indexes),
      event("haf.progress", "hive", { block: 5, head: 10, apps: { a: 1 } }),
      event("haf.fork.switched", "hive", { forkId: "1", block: 1 }),
      event("haf.hived.connected", "hive", { connectionId: "3", gitSha: "abc", block: 4, again: true }),
      event("haf.docker.changed", "hive", { state: "down", reason: "no socket" }),
    ]);
    expect(state).toMatchObject({ phases: ["replay"], syncState: "REINDEX", ready: false, indexes });
    expect(state).toMatchObject({ progress: { block: 5 }, fork: { id: "1", block: 1 } });
    expect(state).toMatchObject({ hived: { connectionId: "3", gitSha: "abc" }, docker: { state: "down" } });
  });

  it("tells a fork only when another was known before: the first is where every chain begins", () => {
    const first = fold([event("haf.fork.switched", "hive", { forkId: "1", block: 1 })]);
    expect(first.facts).toEqual([]);
    const next = fold([event("haf.fork.switched", "hive", { forkId: "2", block: 12_003 })], first);
    expect(next.facts).toMatchObject([{ kind: "note", to: "fork", note: "fork 2 from block 12003 on" }]);
  });

  it("keeps since when an app is in its state, whatever else of it changes", () => {
    const created = fold([app("a", null, "installed")]);
    const since = created.apps.a?.stateSince;
    const moved = fold([event("haf.app.changed", "a", { ...facts("installed"), block: 9 })], created);
    expect(moved.apps.a).toMatchObject({ stateSince: since, block: 9, life: 1 });
    expect(moved.apps.a?.movedAt).toBeGreaterThan(since ?? 0);
  });

  it("gives an app a new life when its name comes back after it was removed, and only then", () => {
    const events = [
      app("a", null, "installing"),
      app("a", "installing", "installed"),
      app("a", "installed", "removed"),
    ];
    expect(fold(events).apps.a?.life).toBe(1);
    const again = fold([...events, app("a", "removed", "installed"), app("a", "installed", "live")]);
    expect(again.apps.a?.life).toBe(2);
    expect(again.facts.at(-1)).toMatchObject({ ref: { role: "sync", app: "a", generation: 2 }, to: "live" });
  });

  it("keeps the level of a check since it came to it, and passes by a check that it does not know", () => {
    const check = (subject: string, to: string, evidence: string) =>
      event("haf.check.changed", subject, { from: null, to, evidence, about: ["a"] });
    const state = fold([
      check("stale", "warning", "70 s"),
      check("stale", "warning", "80 s"),
      check("tomorrow", "ok", ""),
    ]);
    expect(Object.keys(state.checks)).toEqual(["stale"]);
    expect(state.checks.stale).toMatchObject({ evidence: "80 s", level: "warning" });
  });
});

describe("what happened to a stack", () => {
  it("is kept in its order, roles with their cause and rows of the log with the app's life", () => {
    const haf = { role: "haf", app: null, generation: 1 } as const;
    const state = fold([role(haf, "alive"), app("a", null, "installed"), logged("a", 1)]);
    expect(state.facts.map(({ kind, to }) => [kind, to])).toEqual([
      ["role", "alive"],
      ["note", "installed"],
      ["log", "CREATED"],
    ]);
    expect(state.facts[2]).toMatchObject({ ref: { role: "sync", app: "a", generation: 1 }, note: "live, block 7" });
  });

  it("leaves out that a beginning app is attached and detached at one instant, and no other detachment", () => {
    const at = (row: JournalEvent, when: number): JournalEvent => ({ ...row, occurredAt: epochMs(when) });
    const rows = [
      at(logged("a", 1, "ATTACHED"), 5),
      at(logged("a", 2, "STATE_CHANGED"), 5),
      at(logged("a", 3, "DETACHED"), 5),
      at(logged("a", 4, "ATTACHED"), 6),
      at(logged("b", 5, "DETACHED"), 6),
      at(logged("a", 6, "DETACHED"), 7),
    ];
    const state = fold(rows);
    expect(state.facts.map(({ to, ref }) => `${ref?.app} ${to}`)).toEqual([
      "a STATE_CHANGED",
      "a ATTACHED",
      "b DETACHED",
      "a DETACHED",
    ]);
    expect(state.logTail).toHaveLength(6);
  });

  it("is bounded: facts, rows of the log, roles and apps, the ended ones going first", () => {
    const rows = Array.from({ length: HAF_FACTS_MAX + 50 }, (_, index) => logged("a", index));
    const state = fold(rows);
    expect(state.facts).toHaveLength(HAF_FACTS_MAX);
    expect(state.logTail).toHaveLength(HAF_LOG_TAIL_MAX);
    expect(state.logTail.at(-1)).toBe("549 CREATED 7 a");

    const ended = role({ role: "setup", app: "ended", generation: 1 }, "done");
    const lives = Array.from({ length: HAF_ROLES_MAX }, (_, index) =>
      role({ role: "sync", app: `a${index}`, generation: 1 }, "alive"),
    );
    const roles = fold([lives[0] ?? ended, ended, ...lives.slice(1)]).roles;
    expect(Object.keys(roles)).toHaveLength(HAF_ROLES_MAX);
    expect(roles["setup/ended/1"]).toBeUndefined();
    expect(roles["sync/a0/1"]).toBeDefined();

    const apps = Array.from({ length: HAF_APPS_MAX }, (_, index) => app(`a${index}`, null, "live"));
    const kept = fold([...apps, app("a5", "live", "removed"), app("new", null, "live")]).apps;
    expect(Object.keys(kept)).toHaveLength(HAF_APPS_MAX);
    expect(kept.a5).toBeUndefined();
  });
});
