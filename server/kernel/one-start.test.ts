import { expect, it } from "vitest";
import { createOneStart } from "./one-start.ts";

it("is one start however often it is asked for, and refuses another beside it until it has ended", async () => {
  const starts = createOneStart<number>("Busy.");
  let count = 0;
  const end = Promise.withResolvers<void>();
  const start = async () => {
    count += 1;
    const mine = count;
    await end.promise;
    return mine;
  };
  const both = [starts.run("eu-1", "A", start), starts.run("eu-1", "A", start)];
  await expect(starts.run("eu-1", "B", start)).rejects.toMatchObject({ code: "refused", reasons: ["Busy."] });
  const elsewhere = starts.run("eu-2", "B", start);
  end.resolve();
  expect([...(await Promise.all(both)), await elsewhere]).toEqual([1, 1, 2]);
  expect(await starts.run("eu-1", "B", start)).toBe(3);
});

it("lets the next one start after one that failed", async () => {
  const starts = createOneStart<number>("Busy.");
  await expect(starts.run("eu-1", "A", () => Promise.reject(new Error("not today")))).rejects.toThrow("not today");
  expect(await starts.run("eu-1", "A", async () => 1)).toBe(1);
});
