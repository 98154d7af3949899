import { describe, expect, it } from "vitest";
import { z } from "zod";
import { stepsOutput } from "#server/contract/wire/dynflow.ts";
import { atOnce } from "./at-once.ts";

const ANSWER = { asOf: null, faults: [], steps: [], unlistedStepIds: [1] };

describe("a schema checked at once", () => {
  it("is the same schema, and answers what it would", async () => {
    const schema = atOnce(stepsOutput);
    expect(schema).toBe(stepsOutput);
    expect(await schema.parseAsync({ ...ANSWER, more: "than promised" })).toEqual(ANSWER);
  });

  it("refuses by a rejection, as tRPC expects it", async () => {
    const wrong = atOnce(z.object({ steps: z.number() })).parseAsync({ steps: "many" });
    await expect(wrong).rejects.toBeInstanceOf(z.ZodError);
  });
});
