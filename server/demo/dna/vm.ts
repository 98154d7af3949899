import type { EpochMs } from "#server/kernel/clock.ts";
import { type Answer, DRIVER_TIMEOUT_MS } from "./database.ts";
import type { EventQueue, Scheduled } from "./event-queue.ts";
import type { Random } from "./random.ts";
import type { TraceEvent, VmState } from "./trace.ts";

/** Where the monotonic clock of a 64-bit BEAM starts: -2^59 ns, in ms. */
const MONOTONIC_BASE_MS = -576_460_752_303;
/** What waits for a VM that stands still; more than this is lost, as a full socket loses it. */
const WAITING_MAX = 1_000;
/** What was due while the VM stood still runs within this long after it goes on, in no order to rely on. */
const WAKE_SPREAD_MS = 25;

/** One BEAM VM: its two clocks, its timers, and whether it runs. */
export interface Vm {
  /** BEAM node name: an address. */
  readonly name: string;
  /** Which VM it is, where two have one name. */
  readonly id: string;
  state(): VmState;
  /** Erlang monotonic time in ms: usually negative, comparable with itself only. */
  monotonic(): number;
  /** System time in ms since the epoch. */
  wall(): number;
  /** Since its start, by its monotonic clock. */
  uptimeMs(): number;
  /** Runs `run` after `delayMs` of this VM's monotonic time. */
  after(delayMs: number, run: () => void): Scheduled;
  /** Hands something to the VM: it runs now, or once the VM goes on; never when it has ended. */
  post(run: () => void): void;
  /** Stopped by a signal: its clocks run on. */
  pause(): void;
  /** Suspended by its hypervisor: its monotonic clock stands still too. */
  freeze(): void;
  resume(): void;
  halt(): void;
  /** Speed of its monotonic clock: 0.5 beats half as often. */
  setRate(rate: number): void;
  setWallSkew(skewMs: number): void;
}

interface Timer {
  readonly dueMs: number;
  readonly run: () => void;
  scheduled: Scheduled | null;
}

export function createVm(options: {
  readonly name: string;
  readonly id: string;
  readonly queue: EventQueue;
  readonly random: Random;
  readonly startEpoch: EpochMs;
  /** How long the VM has been up already, in ms. */
  readonly uptimeMs: number;
  /** How far its system time is ahead of true time, in ms. */
  readonly wallSkewMs: number;
  readonly trace: (event: TraceEvent) => void;
}): Vm {
  const { name, id, queue, random, startEpoch, trace } = options;
  const timers = new Set<Timer>();
  let waiting: (() => void)[] = [];
  let state: VmState = "running";
  let rate = 1;
  let { wallSkewMs } = options;
  let markTrue = queue.now();
  let markMonotonic = MONOTONIC_BASE_MS + options.uptimeMs;

  const speed = (): number => (state === "frozen" || state === "halted" ? 0 : rate);
  const monotonic = (): number => markMonotonic + (queue.now() - markTrue) * speed();
  function mark(): void {
    markMonotonic = monotonic();
    markTrue = queue.now();
  }

  function arm(timer: Timer): void {
    timer.scheduled?.cancel();
    timer.scheduled = null;
    if (speed() === 0) return;
    timer.scheduled = queue.after((timer.dueMs - monotonic()) / speed(), () => {
      timers.delete(timer);
      post(timer.run);
    });
  }

  function post(run: () => void): void {
    if (state === "running") run();
    else if (state !== "halted" && waiting.length < WAITING_MAX) waiting.push(run);
  }

  function enter(next: VmState): void {
    mark();
    state = next;
    trace({ kind: "vm", at: queue.now(), vm: id, state });
    for (const timer of timers) arm(timer);
  }

  trace({ kind: "vm", at: queue.now(), vm: id, state });
  return {
    name,
    id,
    state: () => state,
    monotonic,
    uptimeMs: () => monotonic() - MONOTONIC_BASE_MS,
    wall: () => startEpoch + queue.now() + wallSkewMs,
    after(delayMs, run) {
      const timer: Timer = { dueMs: monotonic() + delayMs, run, scheduled: null };
      timers.add(timer);
      arm(timer);
      return {
        cancel() {
          timers.delete(timer);
          timer.scheduled?.cancel();
        },
      };
    },
    post,
    pause: () => {
      if (state === "running") enter("paused");
    },
    freeze: () => {
      if (state === "running") enter("frozen");
    },
    resume() {
      if (state !== "paused" && state !== "frozen") return;
      enter("running");
      const late = waiting;
      waiting = [];
      for (const run of late) queue.after(random.between(0, WAKE_SPREAD_MS), () => post(run));
    },
    halt() {
      if (state === "halted") return;
      for (const timer of timers) timer.scheduled?.cancel();
      timers.clear();
      waiting = [];
      enter("halted");
    },
    setRate(next) {
      mark();
      rate = next;
      for (const timer of timers) arm(timer);
    },
    setWallSkew(skewMs) {
      wallSkewMs = skewMs;
    },
  };
}

/**
 * One call of the VM to the database by its driver: the answer is handed to the VM, and comes too late when more of the
 * VM's own time than the driver's time-out has passed, e.g. because the VM stood still meanwhile.
 */
export function askDatabase<T>(
  vm: Vm,
  send: (done: (answer: Answer<T>) => void) => void,
  then: (answer: Answer<T>) => void,
): void {
  const sentAt = vm.monotonic();
  send((answer) =>
    vm.post(() =>
      then(vm.monotonic() - sentAt > DRIVER_TIMEOUT_MS ? { ok: false, reason: "the driver timed out" } : answer),
    ),
  );
}
