import { describe, expect, it } from "vitest";
import type { EventKind, JournalEvent } from "#server/contract/event.ts";
import { EMPTY_HAF } from "#server/contract/fold/haf.ts";
import { HAF_CHECKS, type HafCheck } from "#server/contract/haf.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { hafFindings } from "./attention-haf.ts";
import { eventWords } from "./event-words.ts";
import { HAF_CHECK_TEXTS, hafChecksOf } from "./haf-checks.ts";

const told = (kind: EventKind, body: unknown, subject = "hive") => {
  const event = { kind, body, subject, stream: "haf:hive", actor: null } as unknown as JournalEvent;
  const words = eventWords(event);
  return { ...words, what: words.what.replaceAll(/[\u00a0\u202f]/g, " ") };
};
const APP = {
  ...{ contextId: 1, stage: "live", attached: true, inSync: true, block: 12_003 },
  ...{ forkId: "1", forking: true, owner: "o" },
};
const logged = (event: string) =>
  told("haf.app.logged", { logId: "1", app: "a", event, stage: "live", block: 7, forkId: "1", headBlock: 9 }, "a").what;

describe("events of a HAF stack in words", () => {
  it("tell phases, ways of hived and readiness", () => {
    const body = { from: ["app_sync"], to: ["app_sync", "api_serving"], evidence: "LIVE and ready" };
    expect(told("haf.stack.state_changed", body)).toMatchObject({
      what: "app sync → app sync + api serving, LIVE and ready",
      tone: "good",
    });
    expect(told("haf.sync_state.changed", { from: "P2P", to: "LIVE", expected: true })).toMatchObject({
      what: "hived goes from P2P to LIVE",
      tone: "good",
    });
    expect(told("haf.sync_state.changed", { from: "LIVE", to: "REINDEX", expected: false })).toMatchObject({
      what: "hived goes from LIVE to REINDEX, which it never does by itself",
      tone: "attention",
    });
    expect(told("haf.ready.changed", { ready: false, evidence: "27 of its own indexes are missing" }).what).toBe(
      "the instance is not ready, 27 of its own indexes are missing",
    );
  });

  it("tell indexes, blocks, forks, starts of hived and the engine", () => {
    const indexes = { missing: 24, creating: 4, created: 0, invalid: 0, pending: {}, stuck: ["hafd.blocks.pk"] };
    expect(told("haf.indexes.changed", indexes)).toMatchObject({
      what: "0 of 28 indexes are created, 4 are being created, nobody builds hafd.blocks.pk",
      tone: "attention",
    });
    expect(told("haf.block.rewound", { from: 12_004, to: 3_000 }).what).toBe(
      "the last irreversible block went from 12 004 back to 3 000",
    );
    expect(told("haf.fork.switched", { forkId: "2", block: 12_002 }).what).toBe(
      "the chain is on fork 2 from block 12 002 on",
    );
    expect(told("haf.hived.connected", { connectionId: "2", gitSha: "e4fd584f99", block: 5, again: true }).what).toBe(
      "hived started again at block 5, build e4fd584f",
    );
    expect(told("haf.docker.changed", { state: "down", reason: "no socket" }).what).toBe(
      "the Docker engine is not reached, no socket",
    );
  });

  it("tell apps and what their log says, words of tomorrow too", () => {
    const body = { from: "massive", app: { ...APP, state: "live" }, evidence: "attached, block 12003 of 12001" };
    expect(told("haf.app.state_changed", body, "app1")).toMatchObject({ subject: "app1", tone: "good" });
    expect(told("haf.app.changed", { ...APP, state: "live" }, "app1").what).toBe(
      "is at block 12 003, in stage live, attached, on fork 1",
    );
    expect(logged("STATE_CHANGED")).toBe("went into stage live at block 7");
    expect(logged("SLOW_PROCESSING")).toBe("took longer than stage live allows at block 7");
    expect(logged("PAUSED")).toBe("wrote PAUSED into its log at block 7");
    expect(logged("constructor")).toBe("wrote constructor into its log at block 7");
  });

  it("tell roles with their life, and whether they were inferred", () => {
    const body = {
      role: "live_trigger",
      app: null,
      generation: 1,
      to: "done",
      inferred: true,
      evidence: "LIVE was seen",
    };
    expect(told("haf.role.changed", body).what).toBe("live trigger is done, LIVE was seen, told from the database");
    const again = { role: "sync", app: "a", generation: 2, to: "failed", inferred: false, evidence: "exit code 137" };
    expect(told("haf.role.changed", again)).toMatchObject({
      subject: "sync of a (2)",
      what: "sync of a (2) is failed, exit code 137",
      tone: "failed",
    });
  });

  it("tell checks by what is well, or what is wrong", () => {
    const check = (to: string) =>
      told("haf.check.changed", { from: null, to, evidence: "it is so", about: [] }, "stale");
    expect(check("ok").what).toBe("The last irreversible block is fresh: it is so");
    expect(check("critical")).toMatchObject({
      what: "No irreversible block for over a minute: it is so",
      tone: "failed",
    });
    expect(check("not-known").what).toBe("The last irreversible block is fresh is not known: it is so");
  });
});

describe("the checks of a stack", () => {
  const judged = (level: "ok" | "warning" | "critical" | "not-known", about: readonly string[] = []) => ({
    ...{ level, evidence: `it is ${level}`, about, since: epochMs(5) },
  });
  const findings = (checks: Partial<Record<HafCheck, ReturnType<typeof judged>>>) =>
    hafFindings("haf:hive", { ...EMPTY_HAF, checks }, epochMs(9));

  it("each have all their words", () => {
    for (const check of HAF_CHECKS)
      for (const text of Object.values(HAF_CHECK_TEXTS[check])) expect(text).toMatch(/^[A-Za-z].{9,}/);
  });

  it("are told worst first, and one that was never judged is not known", () => {
    const views = hafChecksOf({ checks: { fork: judged("warning"), stale: judged("critical"), busy: judged("ok") } });
    expect(views.map(({ id }) => id).slice(0, 2)).toEqual(["stale", "fork"]);
    expect(views.at(-1)?.id).toBe("busy");
    expect(views[2]).toMatchObject({ level: "not-known", since: null });
  });

  it("are findings with a remedy when something is wrong, on the app they are about", () => {
    const found = findings({
      "app-detached": judged("critical", ["a", "b"]),
      stale: judged("warning"),
      fork: judged("ok"),
    });
    expect(found.map(({ kind, severity, headline }) => [kind, severity, headline.join("")])).toEqual([
      ["haf_check", "failed", "An app that was live is detached: a and 1 more"],
      ["haf_check", "attention", "No irreversible block for over a minute: hive"],
    ]);
    expect(found[0]?.place).toEqual({ page: "haf", source: "hive", app: "a" });
    for (const { remedy } of found) expect(remedy).toMatch(/\w/);
  });

  it("do not tell of silence where the worse is told of the same apps", () => {
    const both = { "app-silent": judged("warning", ["a"]), "app-auto-detach": judged("critical", ["a"]) };
    expect(findings(both).map(({ id }) => id)).toEqual(["haf_check|haf:hive app-auto-detach"]);
    const other = { "app-silent": judged("warning", ["a", "b"]), "app-auto-detach": judged("critical", ["a"]) };
    expect(findings(other)).toHaveLength(2);
  });

  it("say nothing of what is well or not known", () => {
    expect(findings({ stale: judged("not-known"), fork: judged("ok") })).toEqual([]);
  });
});
