import type { HafStore } from "#server/haf/ports.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { inLap, onTheWay } from "./laps.ts";
import { createStepStore } from "./recorded-store.ts";
import type { RecordedStep } from "./recording.ts";

/** How long each step is shown, by its number; the rest is set-up, and goes fast. */
const STEP_MS = 8_000;
const HELD_LOOK_MS = 3_600_000;
const LONGER_MS: ReadonlyMap<number, number> = new Map([
  [4, 20_000], // a replay with something to see
  [5, 20_000],
  [12, 15_000],
  [15, 20_000],
  [17, 20_000],
  [21, 240_000], // as it is most of the time
  [22, 45_000],
  [23, 60_000],
  [24, 120_000], // and then from the start
]);

export interface HafReplay {
  readonly store: HafStore;
  /** Goes on from step to step, again from the first behind the last, until aborted. */
  run(signal: AbortSignal): Promise<void>;
  /** Stays at this step (from 1) until `play`. Answers what it did. @throws OpsError `not-found` */
  hold(step: number): string;
  /** Goes on from where it stands. Answers what it did. */
  play(): string;
}

/** A stack that lives through the recording, by the demo's clock. */
export function createHafReplay({
  steps,
  clock,
}: {
  readonly steps: readonly RecordedStep[];
  readonly clock: Clock;
}): HafReplay {
  let index = 0;
  let lap = 0;
  let since = clock.monotonic();
  let held = false;
  let changed: () => void = () => undefined;

  const stepAt = (of: number): RecordedStep => {
    const step = steps[of];
    if (step === undefined) throw new OpsError("not-found", `The recording has ${steps.length} steps`);
    return step;
  };
  function goTo(next: number): void {
    stepAt(next);
    // Ids never go down, whichever way the steps go.
    if (next < index) lap += 1;
    index = next;
    since = clock.monotonic();
  }
  const named = (): string => `step ${index + 1} of ${steps.length}, ${stepAt(index).name}`;

  return {
    store: createStepStore(() => {
      const step = inLap(stepAt(index), lap);
      if (held) return step;
      const next = steps[index + 1];
      return onTheWay(step, next && inLap(next, lap), shareOf(index, clock.monotonic(), since));
    }, clock),
    async run(signal) {
      while (!signal.aborted) {
        const sleep = AbortSignal.any([signal, changeSignal((wake) => (changed = wake))]);
        const leftMs = held ? HELD_LOOK_MS : stepMs(index) - (clock.monotonic() - since);
        if (await slept(clock, leftMs, sleep)) {
          if (!held) goTo((index + 1) % steps.length);
        }
      }
    },
    hold(step) {
      goTo(step - 1);
      held = true;
      changed();
      return `The stack stands still at ${named()}`;
    },
    play() {
      held = false;
      since = clock.monotonic();
      changed();
      return `The stack goes on from ${named()}`;
    },
  };
}

const stepMs = (index: number): number => LONGER_MS.get(index + 1) ?? STEP_MS;

const shareOf = (index: number, now: MonotonicMs, since: MonotonicMs): number =>
  Math.min(1, Math.max(0, (now - since) / stepMs(index)));

/** Aborted when what it waits for has changed. */
function changeSignal(offer: (wake: () => void) => void): AbortSignal {
  const abort = new AbortController();
  offer(() => abort.abort(new Error("it was told to")));
  return abort.signal;
}

/** Whether the whole time has passed. */
async function slept(clock: Clock, ms: number, signal: AbortSignal): Promise<boolean> {
  try {
    await clock.sleep(Math.max(0, ms), signal);
    return true;
  } catch (cause) {
    if (!signal.aborted) throw cause;
    return false;
  }
}
