/**
 * Leads the screens to the instant that is wanted: at once where it is loaded, latest wins where it has to be asked for.
 * Knows no browser: frames and beats are handed in.
 */
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import type { Moment, TimeMachine } from "./time-machine.ts";

export const SPEEDS = [1, 10, 60, 600] as const;
export type Speed = (typeof SPEEDS)[number];

export interface Travel {
  /** Where the cursor stands; `null` = live. */
  readonly wanted: EpochMs | null;
  /** What the screens show; `null` = nothing of the past yet. */
  readonly shown: EpochMs | null;
  /** Why the wanted instant cannot be shown. */
  readonly error: unknown;
  readonly speed: Speed | null;
  /** Grows whenever more is loaded. */
  readonly loaded: number;
}

export interface TravellerPorts {
  readonly machine: TimeMachine;
  /** Puts the moment on the screens. */
  show(moment: Moment): void;
  /** Calls back once before the next picture. */
  nextFrame(call: () => void): void;
  /** Calls every `ms`; answers the way to call it off. */
  every(ms: number, call: () => void): () => void;
  /** This browser's clock, for durations. */
  elapsedMs(): number;
  /** The server's clock: there is no later instant. */
  liveNow(): EpochMs | null;
}

export interface Traveller {
  travel(): Travel;
  subscribe(onChange: () => void): () => void;
  /** Goes to an instant; while frames come faster than answers, only the latest is gone to. */
  seek(at: EpochMs): void;
  /** Back to now. What is loaded stays. */
  leave(): void;
  /** Lets time run; `null` = stands. Stops by itself at the present. */
  play(speed: Speed | null): void;
  /** Somebody may go there soon: loads it ahead. */
  warm(at: EpochMs): void;
  /** What the time bar shows: the neighbourhood that is loaded ahead of any wish. */
  look(window: { readonly from: number; readonly to: number }): void;
  readonly around: TimeMachine["around"];
}

const BEAT_MS = 100;
const HOUR_MS = 3_600_000;
/** The neighbourhood is loaded once for so long a piece of the way. */
const GRAIN_MS = 300_000;
/** What was observed just now may still be on its way into the journal. */
const SETTLED_AFTER_MS = 1_000;

const AT_REST: Travel = { wanted: null, shown: null, error: null, speed: null, loaded: 0 };

export function createTraveller(ports: TravellerPorts): Traveller {
  const listeners = new Set<() => void>();
  let travel = AT_REST;
  let window: { readonly from: number; readonly to: number } = { from: 0, to: 0 };
  let framed = false;
  let loading = false;
  let reaching = false;
  let reachedFor = new Set<string>();
  let stopBeat = () => {};

  function set(change: Partial<Travel>): void {
    travel = { ...travel, ...change };
    for (const listener of listeners) listener();
  }

  function draw(): void {
    framed = false;
    const { wanted } = travel;
    if (wanted === null) return;
    const moment = ports.machine.peek(wanted);
    if (moment === null) {
      if (travel.error === null) void load(wanted);
      return;
    }
    ports.show(moment);
    set({ shown: wanted, error: null });
    void reach(wanted);
  }

  function redraw(): void {
    if (framed) return;
    framed = true;
    ports.nextFrame(draw);
  }

  async function load(at: EpochMs): Promise<void> {
    if (loading) return;
    loading = true;
    try {
      await ports.machine.load(at);
    } catch (error) {
      if (travel.wanted === at) set({ error, speed: null });
    } finally {
      loading = false;
    }
    if (travel.wanted !== at || travel.error === null) redraw();
  }

  async function reach(at: EpochMs): Promise<void> {
    const now = ports.liveNow();
    if (reaching || now === null) return;
    const near = window.to - window.from <= HOUR_MS;
    const ahead = Math.max(near ? window.to : at + HOUR_MS, at + (travel.speed ?? 0) * 30_000);
    const from = epochMs(Math.min(near ? window.from : at, at - HOUR_MS));
    const to = epochMs(Math.min(ahead, now - SETTLED_AFTER_MS));
    const have = ports.machine.around(at);
    if (have === null || (have.from <= from + GRAIN_MS && have.to >= to - GRAIN_MS / 5)) return;
    const wish = `${Math.floor(at / GRAIN_MS)} ${Math.floor(window.from / GRAIN_MS)} ${travel.speed}`;
    if (reachedFor.has(wish)) return;
    reaching = true;
    reachedFor.add(wish);
    try {
      await ports.machine.reach(at, from, to);
      set({ loaded: travel.loaded + 1 });
      if (travel.wanted !== null) redraw();
    } catch {
      // What lies around is loaded when it is gone to; failing then is said.
    } finally {
      reaching = false;
    }
  }

  function stand(): void {
    stopBeat();
    stopBeat = () => {};
  }

  function beatFrom(speed: Speed): void {
    let last = ports.elapsedMs();
    stopBeat = ports.every(BEAT_MS, () => {
      const now = ports.elapsedMs();
      const step = (now - last) * speed;
      last = now;
      const { wanted, shown } = travel;
      const end = ports.liveNow();
      // Time waits for what has to be asked for.
      if (wanted === null || shown !== wanted || end === null) return;
      if (wanted + step >= end) return leave();
      set({ wanted: epochMs(Math.round(wanted + step)) });
      redraw();
    });
  }

  function leave(): void {
    stand();
    reachedFor = new Set();
    set({ wanted: null, shown: null, error: null, speed: null });
  }

  return {
    travel: () => travel,
    subscribe(onChange) {
      listeners.add(onChange);
      return () => void listeners.delete(onChange);
    },
    seek(at) {
      set({ wanted: at, error: null });
      redraw();
    },
    leave,
    play(speed) {
      stand();
      set({ speed: travel.wanted === null ? null : speed });
      if (travel.speed !== null) beatFrom(travel.speed);
    },
    warm(at) {
      if (loading || ports.machine.around(at) !== null) return;
      void load(at).then(() => reach(at));
    },
    look(next) {
      window = next;
    },
    around: (at) => ports.machine.around(at),
  };
}
