import { describe, expect, it } from "vitest";
import type { Caller } from "#server/auth/caller.ts";
import { createMemoryState } from "#server/journal/memory-state.test-kit.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import { createMemoryRecorder } from "#server/live/memory-recorder.test-kit.ts";
import { createOperations } from "#server/operations/operations.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import type { AlertMessage } from "./ports.ts";
import { createAlertsService } from "./service.ts";
import { createToldBook } from "./told-book.ts";

const caller = (sources: readonly string[] | null = null, role: Caller["principal"]["role"] = "operator"): Caller => ({
  principal: { id: "mira", role, kind: "token", sources, tokenId: "t" },
  address: "10.0.0.9",
});
const id = (last: string) => `01JD00000000000000000000A${last}`;
const ALL = { kind: null, stream: null, finding: null, minutes: 60, reason: "we move racks" } as const;

function setUp() {
  const clock = createManualClock();
  const memory = createMemoryRecorder(clock);
  const { recorder } = memory;
  const deps = { recorder, view: recorder, clock };
  const taken: AlertMessage[] = [];
  const fake = { away: false };
  const seat = {
    ...{ id: "pager", title: "Pager", host: "pager.example", signed: true, aliveEveryMs: null },
    rules: { kinds: [], least: "attention" as const, sources: [], settleMs: 0 },
    sink: {
      async tell(message: AlertMessage) {
        if (fake.away) throw new OpsError("upstream-unavailable", "ECONNREFUSED");
        taken.push(message);
      },
    },
  };
  const service = createAlertsService({
    ...deps,
    seats: [seat],
    alerter: {
      standings: () => [
        {
          ...{ id: "pager", state: "failing" as const, reason: "it answered 500", notices: 2, failures: 1 },
          ...{ lastToldAt: null, lastAliveAt: null },
        },
      ],
    },
    book: createToldBook(createMemoryState(), silentLogger, () => "x"),
    operations: createOperations(deps),
    toldBy: () => null,
  });
  return { service, clock, memory, taken, fake };
}

describe("a silence", () => {
  it("is journalled with who and until when, once for a request, and can be ended", async () => {
    const { service, memory, clock } = setUp();
    const first = await service.silence(caller(), { ...ALL, requestId: id("1") });
    const again = await service.silence(caller(), { ...ALL, requestId: id("1") });
    expect(again.until).toBe(first.until);
    expect(memory.kinds().filter((kind) => kind === "alert.silenced")).toHaveLength(1);
    const { silences } = memory.recorder.operator();
    expect(silences[id("1")]).toMatchObject({ kind: null, until: clock.now() + 3_600_000, by: { user: "mira" } });
    const end = { silenceId: id("1"), reason: "done early" };
    await expect(
      service.unsilence(caller(), { ...end, expectedUntil: "2026-01-01T00:00:00.000Z", requestId: id("2") }),
    ).rejects.toMatchObject({ code: "conflict" });
    await service.unsilence(caller(), { ...end, expectedUntil: first.until, requestId: id("3") });
    expect(memory.recorder.operator().silences).toEqual({});
  });

  it("of everything takes somebody who sees everything; of a source, somebody who sees it", async () => {
    const { service } = setUp();
    const limited = caller(["a"]);
    await expect(service.silence(limited, { ...ALL, requestId: id("1") })).rejects.toMatchObject({
      code: "invalid-input",
    });
    await expect(service.silence(limited, { ...ALL, stream: "dna:b", requestId: id("2") })).rejects.toMatchObject({
      code: "not-found",
    });
    await expect(service.silence(limited, { ...ALL, stream: "dna:a", requestId: id("3") })).resolves.toMatchObject({
      phase: "verified",
    });
  });
});

describe("a test message", () => {
  it("says who sent it, and is journalled from its request to its end", async () => {
    const { service, taken, memory } = setUp();
    await service.test(caller(), { sink: "pager", reason: "new token", requestId: id("1") });
    expect(taken).toMatchObject([{ type: "test", by: "mira" }]);
    expect(memory.kinds()).toEqual(["op.requested", "op.verified"]);
  });

  it("that nobody takes is a failure", async () => {
    const { service, fake, memory } = setUp();
    fake.away = true;
    await expect(
      service.test(caller(), { sink: "pager", reason: "new token", requestId: id("1") }),
    ).rejects.toMatchObject({ message: "ECONNREFUSED" });
    expect(memory.kinds()).toEqual(["op.requested", "op.failed"]);
  });
});

it("viewers read that a sink fails, and not what it said", async () => {
  const { service } = setUp();
  expect((await service.list(caller())).sinks[0]).toMatchObject({ reason: "it answered 500", host: "pager.example" });
  expect((await service.list(caller(null, "viewer"))).sinks[0]).toMatchObject({
    state: "failing",
    reason: { masked: true },
  });
});
