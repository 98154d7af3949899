import { expect, it } from "vitest";
import { silentLogger } from "#server/kernel/logger.ts";
import { createManualClock } from "#server/runtime/clock.ts";
import { createFakeReceiver, type FakeReceiver } from "./pipeline.test-kit.ts";
import { createReceiverCalls } from "./receiver-call.ts";

it("closes a receiver that was opened too late, hands it nothing, and has no more than one", async () => {
  const clock = createManualClock();
  const opening: ((receiver: FakeReceiver) => void)[] = [];
  const open = () => new Promise<FakeReceiver>((resolve) => opening.push(resolve));
  const calls = createReceiverCalls({ open, timeoutMs: 1_000, clock, log: silentLogger });
  const stop = new AbortController().signal;
  const [late, next] = [createFakeReceiver(), createFakeReceiver()];
  const first = calls.receive([], stop);
  await clock.advance(1_000);
  expect(await first).toMatchObject({ kind: "away" });
  const second = calls.receive([], stop);
  opening[1]?.(next);
  expect(await second).toBeNull();
  opening[0]?.(late);
  await clock.advance(1);
  expect([late.calls.length, late.closed]).toEqual([0, 1]);
  expect(await calls.receive([], stop)).toBeNull();
  expect([next.calls.length, opening.length]).toEqual([2, 2]);
});
