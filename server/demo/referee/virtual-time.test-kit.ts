/** Code that waits by a clock, run under a simulation's own time: nothing moves while it works. */
import type { SimulationDriver } from "#server/demo/dna/driver.ts";
import type { Simulation } from "#server/demo/dna/simulation.ts";
import { type Clock, epochMs, monotonicMs } from "#server/kernel/clock.ts";

export interface VirtualTime {
  readonly clock: Clock;
  /** For a simulated store or nodes: the world is always up to date. */
  readonly driver: SimulationDriver;
  /** Moves on to an instant, letting whoever wakes in between do what it does at its own instant. */
  advanceTo(atMs: number): Promise<void>;
  /** Lets everything happen that needs no time. */
  settle(): Promise<void>;
}

export function createVirtualTime(simulation: Simulation): VirtualTime {
  const { queue, startEpoch } = simulation;
  let woken = false;
  const clock: Clock = {
    now: () => epochMs(startEpoch + Math.floor(queue.now())),
    monotonic: () => monotonicMs(queue.now()),
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        if (signal?.aborted) {
          reject(signal.reason);
          return;
        }
        const abort = (): void => {
          due.cancel();
          reject(signal?.reason);
        };
        const due = queue.after(ms, () => {
          woken = true;
          signal?.removeEventListener("abort", abort);
          resolve();
        });
        signal?.addEventListener("abort", abort, { once: true });
      }),
  };
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  return {
    clock,
    driver: { simulation, clock, catchUp: () => undefined, run: async () => undefined },
    async advanceTo(atMs) {
      while (!queue.runUntil(atMs, () => woken)) {
        woken = false;
        await settle();
      }
    },
    settle,
  };
}
