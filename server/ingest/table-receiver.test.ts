import { expect, it } from "vitest";
import { createManualClock } from "#server/runtime/clock.ts";
import { point } from "./metric-store.contract.ts";
import type { MetricStore } from "./ports.ts";
import { createTableReceiver } from "./table-receiver.ts";

const signal = new AbortController().signal;

/** A table of which so many pieces are too old. */
function storeWith(pieces: number) {
  const left = { pieces };
  const store: MetricStore = {
    write: async () => undefined,
    read: async () => [],
    async expire() {
      left.pieces = Math.max(0, left.pieces - 1);
      return left.pieces > 0;
    },
    close: async () => undefined,
  };
  return { store, left };
}

it("goes on dropping what is too old with each list until nothing is left, and then looks again in ten minutes", async () => {
  const { store, left } = storeWith(4);
  const clock = createManualClock();
  const receiver = createTableReceiver(store, clock);
  for (let list = 1; list <= 4; list += 1) await receiver.receive([point(list)], signal);
  expect(left.pieces).toBe(0);
  left.pieces = 9;
  await receiver.receive([point(5)], signal);
  expect(left.pieces).toBe(9);
  await clock.advance(600_000);
  await receiver.receive([point(6)], signal);
  expect(left.pieces).toBe(8);
});
