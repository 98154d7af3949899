import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import type { EventDraft } from "#server/contract/event.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import type { Operations } from "#server/operations/ports.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createSupervisor } from "#server/runtime/supervisor.ts";
import { createPartTeller } from "./readers.ts";
import { createReadersService } from "./readers-service.ts";

const REQUEST = "01JD00000000000000000000AB";
const ADMIN: Caller = {
  principal: { id: "mira", role: "admin", kind: "token", sources: null, tokenId: "t" },
  address: "127.0.0.1",
};
const VIEWER: Caller = { ...ADMIN, principal: { ...ADMIN.principal, id: "v", role: "viewer", sources: ["other"] } };

function setUp() {
  const clock = createManualClock();
  let mended = false;
  const recorded: EventDraft[] = [];
  const settled: string[] = [];
  const part = (name: string, stream: string | null, isBroken: () => boolean) => ({
    ...{ name, title: `Part ${name}`, stream },
    async run(signal: AbortSignal) {
      if (isBroken()) throw new Error("password=hunter2 was refused");
      await clock.sleep(1_000_000_000, signal).catch(() => undefined);
    },
  });
  const parts = [
    part("dna:eu-1/nodes", "dna:eu-1", () => !mended),
    part("dna:other/nodes", "dna:other", () => false),
    part("console/retention", null, () => false),
  ];
  const recorder = {
    record: async (_stream: string, drafts: readonly EventDraft[]) => {
      recorded.push(...drafts);
      return [];
    },
  };
  const streamOf = (name: string) => parts.find((each) => each.name === name)?.stream ?? null;
  const onChange = createPartTeller({ recorder, clock, log: silentLogger, streamOf });
  const keeper = createSupervisor({ clock, log: silentLogger, onChange });
  const operations: Operations = {
    known: () => null,
    request: async () => undefined,
    settle: async (_operation, phase) => void settled.push(phase),
    async perform(_operation, act, found) {
      settled.push("requested");
      const result = await act();
      settled.push(`executed: ${found(result)}`);
      return result;
    },
    deny: async () => undefined,
  };
  const service = createReadersService({ parts, keeper, operations, clock, log: silentLogger });
  const abort = new AbortController();
  const ended = keeper.run(parts, abort.signal);
  const stop = async () => {
    abort.abort();
    await ended;
  };
  return { clock, service, recorded, settled, stop, mend: () => (mended = true) };
}

const RESTART = { name: "dna:eu-1/nodes", expectedState: "parked", reason: "mended", requestId: REQUEST } as const;

describe("the list of parts", () => {
  it("shows the parked one with its reason, the others as they run, and journals the change", async () => {
    const { clock, service, recorded, stop } = setUp();
    await clock.advance(10_000);
    const { readers } = await service.readers(ADMIN);
    expect(readers.map(({ name, state }) => [name, state])).toEqual([
      ["dna:eu-1/nodes", "parked"],
      ["dna:other/nodes", "running"],
      ["console/retention", "running"],
    ]);
    expect(readers[0]).toMatchObject({ failures: 50, stream: "dna:eu-1" });
    expect(recorded.map(({ kind, subject, body }) => [kind, subject, "state" in body && body.state])).toEqual([
      ["console.reader.changed", "dna:eu-1/nodes", "restarting"],
      ["console.reader.changed", "dna:eu-1/nodes", "parked"],
    ]);
    await stop();
  });

  it("tells a limited viewer of its own sources and of the console, and no reason", async () => {
    const { clock, service, stop } = setUp();
    await clock.advance(10_000);
    const { readers } = await service.readers(VIEWER);
    expect(readers.map(({ name }) => name)).toEqual(["dna:other/nodes", "console/retention"]);
    expect(JSON.stringify(await service.readers({ ...ADMIN, principal: { ...ADMIN.principal, role: "viewer" } })))
      .not // masked
      .toContain("hunter2");
    await stop();
  });
});

describe("a restart", () => {
  it("is executed, and verified once the part has run steadily", async () => {
    const { clock, service, settled, stop, mend } = setUp();
    await clock.advance(10_000);
    mend();
    expect(await service.restartReader(ADMIN, RESTART)).toMatchObject({ journalId: REQUEST, phase: "executed" });
    expect(settled).toEqual(["requested", "executed: started again"]);
    await clock.advance(5_000);
    expect(settled.at(-1)).toBe("verified");
    expect((await service.readers(ADMIN)).readers[0]?.state).toBe("running");
    await stop();
  });

  it("that does not help is told as unverified, and the part is parked again", async () => {
    const { clock, service, settled, stop } = setUp();
    await clock.advance(10_000);
    await service.restartReader(ADMIN, RESTART);
    await clock.advance(10_000);
    expect(settled.at(-1)).toBe("unverified");
    expect((await service.readers(ADMIN)).readers[0]?.state).toBe("parked");
    await stop();
  });

  it("is refused when the part has moved on, runs, or is not there for this caller", async () => {
    const { clock, service, settled, stop } = setUp();
    await clock.advance(10_000);
    const other = { ...RESTART, name: "console/retention" };
    await expect(service.restartReader(ADMIN, other)).rejects.toMatchObject({ code: "conflict" });
    await expect(service.restartReader(ADMIN, { ...other, expectedState: "running" })).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(service.restartReader(VIEWER, RESTART)).rejects.toBeInstanceOf(OpsError);
    expect(settled).toEqual([]);
    await stop();
  });
});

it("dates what it tells by the clock of the console", async () => {
  const { clock, service, stop } = setUp();
  await clock.advance(10_000);
  const { asOf, readers } = await service.readers(ADMIN);
  expect(Date.parse(asOf)).toBe(clock.now());
  expect(Date.parse(readers[0]?.since ?? "")).toBeLessThan(epochMs(clock.now()));
  await stop();
});
