import { describe, expect, it } from "vitest";
import { createManualClock } from "#server/runtime/clock.ts";
import { createProbes, type Probe } from "./invalidation-probe.ts";
import type { PingAnswer } from "./resume-ping.ts";

function universe(answers: readonly (PingAnswer | Error)[]) {
  const clock = createManualClock();
  const ends: Probe[] = [];
  const pingedAt: number[] = [];
  const start = clock.now();
  const probes = createProbes({
    clock,
    onFault: (cause) => {
      throw cause;
    },
  });
  const begin = (requestId = "r") =>
    probes.begin(
      "w",
      requestId,
      async () => {
        const answer = answers[pingedAt.length];
        pingedAt.push(clock.now() - start);
        if (answer === undefined || answer instanceof Error) throw answer ?? new Error("asked too often");
        await clock.sleep(answer.answered ? answer.roundTripMs : answer.waitedMs);
        return answer;
      },
      async (end) => void ends.push(end),
    );
  return { clock, probes, begin, ends, pingedAt };
}
const SILENT: PingAnswer = { answered: false, waitedMs: 30_000 };

describe("the two pings before an invalidation", () => {
  it("are a while apart, and count for ten minutes when both were silent", async () => {
    const { clock, probes, begin, ends, pingedAt } = universe([SILENT, SILENT]);
    expect(begin().state).toBe("pinging");
    await clock.advance(31_000);
    expect(probes.of("w")).toMatchObject({ state: "waiting", pings: [{ roundTripMs: null }] });
    await clock.advance(40_000);
    expect(probes.of("w")).toMatchObject({ state: "silent" });
    expect(pingedAt).toEqual([0, 40_000]);
    expect(ends.map(({ state }) => state)).toEqual(["silent"]);
    await clock.advance(11 * 60_000);
    expect(probes.of("w")).toBeNull();
  });

  it("end with the first answer", async () => {
    const { clock, probes, begin, pingedAt } = universe([SILENT, { answered: true, roundTripMs: 12 }]);
    begin();
    await clock.advance(50_000);
    expect(probes.of("w")).toMatchObject({ state: "answered", note: "It answered in 12 ms: it lives" });
    expect(pingedAt).toHaveLength(2);
  });

  it("are one procedure however often it is begun", async () => {
    const { clock, begin, pingedAt } = universe([SILENT, SILENT]);
    begin("a");
    expect(begin("b")).toMatchObject({ requestId: "a" });
    await clock.advance(80_000);
    expect(pingedAt).toHaveLength(2);
  });

  it("say why they could not be made, and count for nothing then", async () => {
    const { clock, probes, begin } = universe([new Error("not registered")]);
    begin();
    await clock.advance(1);
    expect(probes.of("w")).toMatchObject({ state: "failed", note: "not registered", goodUntil: null });
  });
});
