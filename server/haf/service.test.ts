import { describe, expect, it } from "vitest";
import type { Principal } from "#server/auth/permissions.ts";
import { hafStream } from "#server/contract/event.ts";
import { hafStackOutput, hafStacksOutput } from "#server/contract/wire/haf-stacks.ts";
import { createRecordedStore } from "#server/demo/haf/recorded-store.ts";
import { recordedSteps } from "#server/demo/haf/recording.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createHafReader } from "./reader.ts";
import { createHafService } from "./service.ts";

const callerOf = (role: Principal["role"], sources: readonly string[] | null = null) => ({
  principal: { id: role, role, kind: "token" as const, sources, tokenId: "t" },
  address: "127.0.0.1",
});

/** A stack that holds a recorded step, read once. @param step from 1 */
async function setUp(step: number) {
  const clock = createManualClock();
  const journal = createMemoryRecorder(clock);
  const store = createRecordedStore({ steps: recordedSteps(), at: () => step - 1, clock });
  const reader = createHafReader({
    ...{ sourceId: "hive", store, engine: null, apps: [], recorder: journal.recorder, view: journal.recorder },
    ...{ clock, log: silentLogger, loopDelay: { maxLateSince: () => 0 } },
  });
  const service = createHafService({
    stacks: [
      {
        ...{ id: "hive", title: "Hive", region: "eu", apps: ["app1"] },
        fold: () => journal.recorder.haf("hive"),
        sample: () => journal.recorder.samples()[hafStream("hive")] ?? null,
      },
    ],
  });
  return { clock, journal, reader, service };
}

describe("how stacks stand", () => {
  it("is told whole, in the shape that is promised", async () => {
    const { reader, service } = await setUp(22);
    await reader.readNow();
    const list = hafStacksOutput.parse(await service.list(callerOf("viewer")));
    expect(list).toMatchObject({
      faults: [],
      stacks: [
        { source: "hive", phases: ["api_serving"], ready: true, block: 12_001, appsByState: { live: 3 }, critical: 1 },
      ],
    });
    const stack = hafStackOutput.parse(await service.stack(callerOf("viewer"), { source: "hive" }));
    expect(stack.apps.find(({ name }) => name === "app1")).toMatchObject({
      state: "live",
      block: 12_004,
      lagBlocks: -3,
    });
    expect(stack.checks[0]).toMatchObject({ id: "app-auto-detach", level: "critical", about: ["app1"] });
    expect(stack.indexes).toMatchObject({ created: 28, missing: 0 });
    expect(stack.asOf).not.toBeNull();
  });

  it("says of a stack that was never read that nothing of it is known", async () => {
    const { service } = await setUp(22);
    const list = hafStacksOutput.parse(await service.list(callerOf("viewer")));
    expect(list).toMatchObject({
      asOf: null,
      faults: [{ source: "hive", message: "not read yet", since: null }],
      stacks: [{ phases: [], block: null, ready: null }],
    });
    expect(hafStackOutput.parse(await service.stack(callerOf("viewer"), { source: "hive" })).database).toBeNull();
  });

  it("is hidden from whom the source is hidden from, by the same answer as for one that is not there", async () => {
    const { reader, service } = await setUp(22);
    await reader.readNow();
    const limited = callerOf("operator", ["other"]);
    expect((await service.list(limited)).stacks).toEqual([]);
    await expect(service.stack(limited, { source: "hive" })).rejects.toMatchObject({ code: "not-found" });
    await expect(service.stack(limited, { source: "nobody" })).rejects.toMatchObject({ code: "not-found" });
  });

  it("hides from viewers what an engine said of itself", async () => {
    const { journal, service } = await setUp(22);
    const body = { state: "down", reason: "connect ENOENT /run/secret.sock" } as const;
    await journal.recorder.record(hafStream("hive"), [
      { kind: "haf.docker.changed", subject: "hive", occurredAt: journal.recorder.haf("hive").phasesSince, body },
    ]);
    const shown = await service.stack(callerOf("viewer"), { source: "hive" });
    expect(JSON.stringify(shown)).not.toContain("secret.sock");
    const whole = await service.stack(callerOf("operator"), { source: "hive" });
    expect(whole.docker.reason).toContain("secret.sock");
  });
});
