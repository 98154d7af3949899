import { describe, expect, it } from "vitest";
import { hafStoreContract, readOf } from "#server/haf/haf-store.contract.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createRecordedStore } from "./recorded-store.ts";
import { parseRecording, recordedSteps } from "./recording.ts";

hafStoreContract("a recording", async () => {
  const steps = recordedSteps();
  const clock = createManualClock();
  let index = 0;
  return {
    store: createRecordedStore({ steps, at: () => index, clock }),
    async load(step) {
      index = step - 1;
      return { shiftMs: clock.now() - (steps[index]?.observed_at ?? 0) };
    },
    close: async () => undefined,
  };
});

describe("a recorded store", () => {
  it("keeps ages as they were recorded, however long a step is held", async () => {
    const clock = createManualClock();
    const store = createRecordedStore({ steps: recordedSteps(), at: () => 21, clock });
    const silentMs = async () => {
      const [app] = await readOf(store.apps());
      return app === undefined ? Number.NaN : app.asOf - app.lastActiveAt;
    };
    const before = await silentMs();
    await clock.advance(3_600_000);
    expect(await silentMs()).toBe(before);
    expect(before).toBeGreaterThan(5 * 3_600_000);
  });

  it("is connected like a stack at that step: hived, who processes, and who serves", async () => {
    const clock = createManualClock();
    const names = async (index: number) =>
      (await readOf(createRecordedStore({ steps: recordedSteps(), at: () => index, clock }).connections())).map(
        ({ application }) => application,
      );
    expect(await names(0)).toEqual([]);
    expect(await names(14)).toEqual(["hived", "app1", "app2"]);
    expect(await names(16)).toEqual(["hived", "app1", "app1_postgrest", "app2"]);
  });

  it("refuses a line that is no step", () => {
    expect(() => parseRecording('{"step":1}')).toThrow("observed_at");
  });
});
