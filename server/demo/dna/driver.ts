import type { Clock } from "#server/kernel/clock.ts";
import type { Simulation } from "./simulation.ts";

/** How often the world is moved on when nobody looks at it; who looks at it moves it on first. */
const PUMP_PERIOD_MS = 1_000;

/** Ties a simulation's virtual time to a clock: real, scaled or stepped. */
export interface SimulationDriver {
  readonly simulation: Simulation;
  readonly clock: Clock;
  /** Lets everything happen that is due by the clock. Before every look at the world, and every change of it. */
  catchUp(): void;
  /** Keeps the world moving until aborted. */
  run(signal: AbortSignal): Promise<void>;
}

/** The simulation stands at its own 0 when the clock stands where it does now. */
export function driveSimulation(simulation: Simulation, clock: Clock): SimulationDriver {
  const origin = clock.monotonic() - simulation.queue.now();
  const catchUp = (): void => simulation.runUntil(clock.monotonic() - origin);
  return {
    simulation,
    clock,
    catchUp,
    async run(signal) {
      while (!signal.aborted) {
        catchUp();
        await clock.sleep(PUMP_PERIOD_MS, signal).catch((cause: unknown) => {
          if (!signal.aborted) throw cause;
        });
      }
    },
  };
}
