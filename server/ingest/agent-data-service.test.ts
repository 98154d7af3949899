import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import type { Role } from "#server/auth/permissions.ts";
import { maskRulesOf } from "#server/contract/mask-rules.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { type AgentData, createAgentDataService } from "./agent-data-service.ts";
import { createLiveView } from "./live-view.ts";
import { NOON, point } from "./metric-store.contract.ts";
import { everythingTo, openKit, type PipelineKit, receiver, TYPES, temporaryFolder } from "./pipeline.test-kit.ts";
import type { MetricStore } from "./ports.ts";
import { createSystemReload } from "./system-reload.ts";

const caller = (role: Role, sources: readonly string[] | null = null): Caller => ({
  principal: { id: "p", role, kind: "token", sources, tokenId: "t" },
  address: "10.0.0.1",
});
const [viewer, operator, admin] = [caller("viewer"), caller("operator"), caller("admin")];
const SECRET = "hunter2";
const body = { cpu_load: 3, password: SECRET, note: "seen by operators" };
const REQUEST = { source: "agents", reason: "a new route", requestId: "01JD00000000000000000000AB" };

let folder: ReturnType<typeof temporaryFolder>;
let kit: PipelineKit;
beforeEach(async () => {
  folder = temporaryFolder();
  const settings = { types: TYPES, receivers: [receiver("store")], routes: everythingTo("store") };
  kit = await openKit({ directory: folder.directory, settings });
});
afterEach(async () => {
  await kit.stop();
  folder.dispose();
});

function setUp(of: Partial<AgentData> = {}) {
  const clock = createManualClock();
  const recorder = createMemoryRecorder(clock);
  const live = createLiveView(clock);
  const data: AgentData = {
    ...{ id: "agents", gateway: "h:1", pipeline: kit.pipeline, live, spool: kit.spool },
    table: () => null,
    reload: async () => "all new",
    ...of,
  };
  const operations = createOperations({ recorder: recorder.recorder, view: recorder.recorder, clock });
  const masks = maskRulesOf(["password"]);
  const service = createAgentDataService({ gateway: () => data, operations, clock, masks });
  return { service, live, recorder, clock };
}

describe("what an agent sent", () => {
  it("is shown to viewers by its numbers alone, and to operators without what is masked for everybody", async () => {
    const { service, live } = setUp();
    await live.receiver().receive([point(1, { body })], new AbortController().signal);
    await kit.spool.bury("store", `no: ${SECRET}`, NOON, [point(2, { body })]);
    const all = async (who: Caller) => ({
      last: (await service.last(who, { source: "agents", agentId: "a" })).values,
      tail: (await service.tail(who, { source: "agents", agentId: "a", limit: 10 })).messages,
      dead: (await service.deadLetters(who, { source: "agents", limit: 10 })).letters,
    });
    const hidden = await all(viewer);
    expect(JSON.stringify(hidden)).not.toMatch(/hunter2|seen by operators/);
    for (const messages of Object.values(hidden)) {
      expect(messages).toMatchObject([{ numbers: { cpu_load: 3 }, body: { masked: true } }]);
    }
    const shown = await all(operator);
    for (const messages of Object.values(shown)) {
      expect(messages[0]?.body).toMatchObject({ note: "seen by operators" });
      expect(JSON.stringify(messages[0]?.body)).not.toContain(SECRET);
    }
  });

  it("hides a number under a masked key as it hides a text, from everybody, in lists and over time", async () => {
    const table: MetricStore = {
      write: async () => undefined,
      read: async () => [point(1, { body: { cpu_load: 3, password: 4_711 } })],
      expire: async () => false,
      close: async () => undefined,
    };
    const { service, live, clock } = setUp({ table: () => table });
    const item = point(1, { body: { cpu_load: 3, password: 4_711 }, receivedAt: clock.now() });
    await live.receiver().receive([item], new AbortController().signal);
    const agent = { source: "agents", agentId: "a" };
    const span = { from: toIso(NOON), to: toIso(epochMs(NOON + 10_000)) };
    for (const who of [viewer, operator]) {
      const told = [
        await service.last(who, agent),
        await service.tail(who, { ...agent, limit: 10 }),
        await service.points(who, agent),
        await service.points(who, { ...agent, span }),
      ];
      for (const one of told) expect(JSON.stringify(one)).toContain("cpu_load");
      expect(JSON.stringify(told)).not.toContain("4711");
    }
  });

  it("is not told at all to who may not see the source, and not where there is no gateway", async () => {
    const { service } = setUp();
    const ask = (who: Caller) => service.last(who, { source: "agents", agentId: "a" });
    await expect(ask(caller("admin", ["eu-1"]))).rejects.toMatchObject({ code: "not-found" });
    expect((await ask(caller("viewer", ["agents"]))).values).toEqual([]);
    await expect(service.pipeline(admin, { source: "other" })).rejects.toMatchObject({ code: "not-found" });
  });
});

describe("numbers over time", () => {
  const span = { from: toIso(NOON), to: toIso(epochMs(NOON + 10_000)) };

  it("come from memory for the last hour and from the table for a span", async () => {
    const table: MetricStore = {
      write: async () => undefined,
      read: async ({ type }) => (type === "system_metrics" ? [point(2), point(1)] : []),
      expire: async () => false,
      close: async () => undefined,
    };
    const { service, live, clock } = setUp({ table: () => table });
    await live.receiver().receive([point(7, { receivedAt: clock.now() })], new AbortController().signal);
    const now = await service.points(viewer, { source: "agents", agentId: "a" });
    expect(now).toMatchObject({ from: "memory", series: [{ field: "cpu_load", points: [{ value: 7 }] }] });
    const then = await service.points(viewer, { source: "agents", agentId: "a", span });
    expect(then).toMatchObject({
      from: "table",
      series: [{ field: "cpu_load", points: [{ value: 1 }, { value: 2 }] }],
    });
  });

  it("say where there is nothing to ask, and refuse a span that is none", async () => {
    const { service } = setUp();
    const ask = (of: object) => service.points(viewer, { source: "agents", agentId: "a", span: { ...span, ...of } });
    expect(await ask({})).toMatchObject({ from: "nowhere", series: [] });
    await expect(ask({ to: toIso(epochMs(NOON - 1)) })).rejects.toMatchObject({ code: "invalid-input" });
    await expect(ask({ to: toIso(epochMs(NOON + 86_400_001)) })).rejects.toMatchObject({ code: "invalid-input" });
  });
});

describe("reading the routes again", () => {
  it("is journalled with who asked and what came of it, once for one request", async () => {
    const { service, recorder } = setUp();
    expect(await service.reload(admin, REQUEST)).toMatchObject({ phase: "executed", note: "all new" });
    await service.reload(admin, REQUEST);
    expect(recorder.kinds()).toEqual(["op.requested", "op.executed"]);
  });

  it("tells what is wrong with the configuration, in the journal too", async () => {
    const { service, recorder } = setUp({ reload: () => Promise.reject(new Error("7 routes.0: no receiver x")) });
    const faults = { code: "invalid-input", message: expect.stringContaining("7 routes.0: no receiver x") };
    await expect(service.reload(admin, REQUEST)).rejects.toMatchObject(faults);
    expect(recorder.kinds()).toEqual(["op.requested", "op.failed"]);
  });

  it("because the system asks is journalled in its name, one after the other, with faults in the log too", async () => {
    const steps: string[] = [];
    const answers = [Promise.resolve("all new"), Promise.reject(new Error("7 routes.0: no receiver x"))];
    for (const answer of answers) answer.catch(() => undefined);
    const { service, recorder } = setUp({
      async reload() {
        steps.push("begun");
        const found = await (answers.shift() ?? "as new");
        steps.push("done");
        return found;
      },
    });
    const told: (readonly [level: string, event: string, fields: unknown])[] = [];
    const tell = (level: string) => (event: string, fields?: unknown) => void told.push([level, event, fields]);
    const log = { ...silentLogger, info: tell("info"), error: tell("error") };
    let id = 0;
    const newId = () => `01J0000000000000000000000${++id}`;
    const reload = createSystemReload({ service: () => service, source: "agents", newId, log });
    await Promise.all([reload("SIGHUP"), reload("SIGHUP"), reload("SIGHUP")]);
    expect(steps).toEqual(["begun", "done", "begun", "begun", "done"]);
    expect(recorder.kinds()).toEqual([
      ...["op.requested", "op.executed", "op.requested", "op.failed", "op.requested", "op.executed"],
    ]);
    for (const { actor } of recorder.events) {
      expect(actor).toEqual({ user: "system", role: "admin", address: "local", reason: "SIGHUP" });
    }
    expect(told).toEqual([
      ["info", "ingest.reloaded", { why: "SIGHUP", note: "all new" }],
      ["error", "ingest.not_reloaded", { why: "SIGHUP", error: expect.stringContaining("7 routes.0: no receiver x") }],
      ["info", "ingest.reloaded", { why: "SIGHUP", note: "as new" }],
    ]);
  });

  it("shows how receivers fare and where everything goes", async () => {
    const { service } = setUp();
    const { receivers, routes, credit } = await service.pipeline(operator, { source: "agents" });
    expect(receivers).toMatchObject([{ id: "store", state: "ok", queued: 0, capacity: 1_000 }]);
    expect(routes).toEqual([{ types: ["*"], kinds: [], to: ["store"] }]);
    expect(credit).toBe(1_000);
  });
});
