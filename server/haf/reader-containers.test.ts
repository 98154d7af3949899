import { describe, expect, it } from "vitest";
import type { HafRoleState } from "#server/contract/haf.ts";
import { createRecordedStore } from "#server/demo/haf/recorded-store.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock, type ManualClock } from "#server/runtime/clock.ts";
import type { HafContainer, HafEngine, HafStore } from "./ports.ts";
import { createHafReader } from "./reader.ts";

function createFakeEngine(clock: ManualClock) {
  const containers = new Map<string, HafContainer>();
  let gone = false;
  let wake: (() => void) | null = null;
  const engine: HafEngine = {
    async containers() {
      if (gone) throw new OpsError("upstream-unavailable", "connect ENOENT /run/docker.sock");
      return [...containers.values()];
    },
    async *events(signal) {
      while (!signal.aborted) {
        if (gone) throw new OpsError("upstream-unavailable", "connect ENOENT /run/docker.sock");
        await new Promise<void>((resolve, reject) => {
          wake = resolve;
          signal.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
        yield { containerId: "a", service: "haf", action: "start", exitCode: null, at: clock.now() };
      }
    },
    close: async () => undefined,
  };
  return {
    engine,
    set(service: string, state: HafRoleState, more: Partial<HafContainer> = {}) {
      const name = `haf-world-${service}-1`;
      const times = { startedAt: clock.now(), finishedAt: state === "done" || state === "failed" ? clock.now() : null };
      const base = {
        id: name,
        name,
        service,
        number: 1,
        image: "haf:1",
        version: null,
        exitCode: null,
        host: "host-1",
      };
      containers.set(name, { ...base, state, dependsOn: [], ...times, ...more });
    },
    drop: (service: string) => containers.delete(`haf-world-${service}-1`),
    event: () => wake?.(),
    gone(value: boolean) {
      gone = value;
      wake?.();
    },
  };
}

function setUp(step: number) {
  const clock = createManualClock();
  const journal = createMemoryRecorder(clock);
  const docker = createFakeEngine(clock);
  let at = step - 1;
  let refuses = false;
  const recorded = createRecordedStore({ steps: recordedSteps(), at: () => at, clock });
  const store: HafStore = {
    ...recorded,
    async database(signal) {
      if (refuses) throw new OpsError("upstream-unavailable", "connection refused");
      return recorded.database(signal);
    },
  };
  const open = () =>
    createHafReader({
      ...{ sourceId: "hive", store, engine: docker.engine, apps: [] },
      ...{ recorder: journal.recorder, view: journal.recorder },
      ...{ clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
    });
  let reader = open();
  const fold = () => journal.recorder.haf("hive");
  return {
    ...{ clock, journal, docker, fold },
    refuse() {
      refuses = true;
    },
    roles: () => Object.fromEntries(Object.entries(fold().roles).map(([key, { state }]) => [key, state])),
    restart() {
      reader = open();
    },
    reader: () => reader,
    async look(next = at + 1) {
      at = next - 1;
      await clock.advance(2_000);
      await reader.readNow();
    },
  };
}

describe("containers of a stack", () => {
  it("replace what was inferred of the same role and app, in the same life, and leave the others", async () => {
    const { docker, look, fold } = setUp(15);
    await look();
    expect(fold().roles["sync/app1/1"]).toMatchObject({ inferred: true, state: "alive", container: null });
    docker.set("app1-block-processing", "alive");
    docker.set("pgbouncer", "alive");
    await look();
    const container = { name: "haf-world-app1-block-processing-1", image: "haf:1", host: "host-1" };
    expect(fold().roles["sync/app1/1"]).toMatchObject({ inferred: false, state: "alive", container });
    expect(fold().roles["sync/app2/1"]).toMatchObject({ inferred: true });
    expect(Object.keys(fold().roles).filter((key) => key.startsWith("sync/app1"))).toEqual(["sync/app1/1"]);
  });

  it("begin a new life when they are started again, whether or not the end was seen", async () => {
    const { docker, look, roles, restart, clock } = setUp(15);
    const startedAt = clock.now();
    docker.set("app1-block-processing", "alive", { startedAt });
    await look();
    expect(roles()["sync/app1/1"]).toBe("alive");
    docker.set("app1-block-processing", "failed", { exitCode: 137, startedAt });
    await look();
    expect(roles()["sync/app1/1"]).toBe("failed");
    docker.set("app1-block-processing", "alive");
    await look();
    expect(roles()).toMatchObject({ "sync/app1/1": "failed", "sync/app1/2": "alive" });
    docker.set("app1-block-processing", "alive");
    restart();
    await look();
    expect(roles()).toMatchObject({ "sync/app1/2": "destroyed", "sync/app1/3": "alive" });
    await look();
    expect(Object.keys(roles()).filter((key) => key.startsWith("sync/app1"))).toHaveLength(3);
  });

  it("keep their life while their health changes", async () => {
    const { docker, look, roles, clock } = setUp(15);
    const startedAt = clock.now();
    docker.set("haf", "starting", { startedAt });
    await look();
    for (const state of ["alive", "sick", "alive"] as const) {
      docker.set("haf", state, { startedAt });
      await look();
      expect(roles()["haf/1"]).toBe(state);
    }
    expect(Object.keys(roles()).filter((key) => key.startsWith("haf/"))).toEqual(["haf/1"]);
  });

  it("that end well are done when they are to end, and destroyed when they are to go on; those that go are destroyed", async () => {
    const { docker, look, roles } = setUp(15);
    docker.set("app3-install", "done", { exitCode: 0, dependsOn: ["haf"] });
    docker.set("haf", "alive");
    docker.set("app1-block-processing", "done", { exitCode: 0 });
    docker.set("app2-block-processing", "alive");
    await look();
    expect(roles()).toMatchObject({ "setup/app3/1": "done", "sync/app1/1": "destroyed", "sync/app2/1": "alive" });
    docker.drop("app2-block-processing");
    await look();
    expect(roles()["sync/app2/1"]).toBe("destroyed");
  });

  it("that ended badly are told as a check, by name, until they run again", async () => {
    const { docker, look, fold } = setUp(15);
    docker.set("app3-install", "failed", { exitCode: 3 });
    await look();
    expect(fold().checks["container-failed"]).toMatchObject({ level: "critical", about: ["haf-world-app3-install-1"] });
    docker.set("app3-install", "done", { exitCode: 0 });
    await look();
    expect(fold().checks["container-failed"]?.level).toBe("ok");
  });

  it("show an app as installing while its set-up runs, and the stack in the phase of its set-up", async () => {
    const { docker, look, fold } = setUp(14);
    docker.set("app3-install", "alive");
    docker.set("app9-install", "alive");
    await look();
    expect(fold().apps.app3?.state).toBe("installing");
    expect(fold().phases).toContain("app_setup");
  });

  it("are told of a stack whose database is not there yet: its indexes are built first", async () => {
    const { docker, clock, reader, refuse, fold, roles } = setUp(1);
    refuse();
    docker.set("mib-hivemind", "alive");
    const abort = new AbortController();
    const done = reader().run(abort.signal);
    await clock.advance(6_000);
    expect(fold().source.state).toBe("down");
    expect(fold().phases).toEqual(["index_building"]);
    expect(roles()).toEqual({ "mib/hivemind/1": "alive" });
    abort.abort();
    await done;
  });

  it("are those of a service that an app's context is called after otherwise", async () => {
    const { docker, look, roles } = setUp(1);
    docker.set("balance-tracker-block-processing", "alive");
    await look();
    expect(roles()["sync/balance-tracker/1"]).toBe("alive");
  });

  it("are looked at when something happens to them, without waiting for the next list", async () => {
    const { docker, clock, reader, roles, journal } = setUp(15);
    const abort = new AbortController();
    const done = reader().run(abort.signal);
    await clock.advance(3_000);
    docker.set("app1-block-processing", "sick");
    docker.event();
    await clock.advance(2_500);
    expect(roles()["sync/app1/1"]).toBe("sick");
    abort.abort();
    await done;
    expect(journal.kinds()).toContain("haf.docker.changed");
  });
});

describe("a Docker socket that disappears", () => {
  it("is told, costs nothing but the news of containers, and is told again when it is back", async () => {
    const { docker, clock, reader, roles, fold, journal } = setUp(15);
    docker.set("app1-block-processing", "alive", { startedAt: epochMs(clock.now() - 60_000) });
    const abort = new AbortController();
    const done = reader().run(abort.signal);
    await clock.advance(5_000);
    expect(fold().docker).toMatchObject({ state: "up" });
    docker.gone(true);
    await clock.advance(12_000);
    expect(fold().docker).toMatchObject({ state: "down", reason: "connect ENOENT /run/docker.sock" });
    expect(fold().source.state).toBe("up");
    expect(roles()["sync/app1/1"]).toBe("alive");
    expect(fold().checks["container-failed"]?.level).toBe("not-known");
    docker.gone(false);
    await clock.advance(12_000);
    expect(fold().docker).toMatchObject({ state: "up", reason: null });
    expect(journal.kinds().filter((kind) => kind === "haf.docker.changed")).toHaveLength(3);
    expect(Object.keys(roles()).filter((key) => key.startsWith("sync/app1"))).toEqual(["sync/app1/1"]);
    abort.abort();
    await done;
  });
});
