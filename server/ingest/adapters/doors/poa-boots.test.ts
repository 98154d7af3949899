import { expect, it } from "vitest";
import { createPoaBoots } from "./poa-boots.ts";

it("gives a number again that was not taken, and never one of which nobody knows whether it was", async () => {
  const boots = createPoaBoots(1);
  const numbers: number[] = [];
  const take = (kind: string) =>
    boots.inTurn("a", async (seq) => {
      numbers.push(seq);
      if (kind === "thrown") throw new Error("no answer came");
      return { kind };
    });
  const failed = take("thrown").catch((cause: unknown) => cause);
  await Promise.all([failed, ...["taken", "full", "taken", "unavailable", "taken"].map(take)]);
  expect(numbers).toEqual([1, 2, 3, 3, 4, 5]);
});
