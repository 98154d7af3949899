import { type Clock, type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { messageOf } from "#server/kernel/errors.ts";
import type { PingAnswer } from "./resume-ping.ts";

/** As long as Ruby waits before it judges a world dead. */
export const PROBE_PING_MS = 30_000;
/** Between the two: a world that was just starting, or held up by one long collection, gets a second chance. */
export const PROBE_PAUSE_MS = 10_000;
export const PROBE_PINGS = 2;
/** Afterwards silence is no news any more. */
export const PROBE_GOOD_FOR_MS = 10 * 60_000;
/** Probes remembered at once; the one begun first gives way. */
const PROBES_MAX = 100;

/** One procedure of two pings, as far as it has come. */
export interface Probe {
  readonly state: "pinging" | "waiting" | "silent" | "answered" | "failed";
  readonly requestId: string;
  readonly startedAt: EpochMs;
  readonly pings: readonly { readonly at: EpochMs; readonly waitedMs: number; readonly roundTripMs: number | null }[];
  readonly nextAt: EpochMs | null;
  readonly goodUntil: EpochMs | null;
  readonly note: string | null;
}

export interface Probes {
  /** What is known of the last procedure for this key; two silent pings that are too old are forgotten. */
  of(key: string): Probe | null;
  /** Begins two pings, or tells of those under way. `onEnd` is called once with what came of them. */
  begin(key: string, requestId: string, ping: () => Promise<PingAnswer>, onEnd: (probe: Probe) => Promise<void>): Probe;
  /** It was acted upon: what is done next needs a new procedure. */
  spend(key: string): void;
}

/** Two pings without cache, 30 s each, a while apart; in memory: after a restart of the console it is begun anew. */
export function createProbes(deps: { readonly clock: Clock; readonly onFault: (cause: unknown) => void }): Probes {
  const { clock } = deps;
  const probes = new Map<string, Probe>();

  function put(key: string, probe: Probe): Probe {
    probes.delete(key);
    probes.set(key, probe);
    const [oldest] = probes.keys();
    if (probes.size > PROBES_MAX && oldest !== undefined) probes.delete(oldest);
    return probe;
  }

  const isUnderWay = (probe: Probe | undefined): probe is Probe =>
    probe?.state === "pinging" || probe?.state === "waiting";
  const later = (ms: number): EpochMs => epochMs(clock.now() + ms);

  async function run(key: string, first: Probe, ping: () => Promise<PingAnswer>): Promise<Probe> {
    let probe = first;
    for (let round = 0; round < PROBE_PINGS; round += 1) {
      if (round > 0) {
        probe = put(key, { ...probe, state: "waiting", nextAt: later(PROBE_PAUSE_MS) });
        await clock.sleep(PROBE_PAUSE_MS);
        probe = put(key, { ...probe, state: "pinging", nextAt: later(PROBE_PING_MS) });
      }
      const at = clock.now();
      const answer = await ping();
      const waitedMs = answer.answered ? answer.roundTripMs : answer.waitedMs;
      const roundTripMs = answer.answered ? answer.roundTripMs : null;
      probe = { ...probe, pings: [...probe.pings, { at, waitedMs, roundTripMs }] };
      if (answer.answered) {
        return put(key, {
          ...probe,
          state: "answered",
          nextAt: null,
          note: `It answered in ${roundTripMs} ms: it lives`,
        });
      }
    }
    return put(key, { ...probe, state: "silent", nextAt: null, goodUntil: later(PROBE_GOOD_FOR_MS) });
  }

  return {
    of(key) {
      const probe = probes.get(key) ?? null;
      if (probe?.goodUntil !== undefined && probe?.goodUntil !== null && probe.goodUntil < clock.now()) {
        probes.delete(key);
        return null;
      }
      return probe;
    },
    begin(key, requestId, ping, onEnd) {
      const present = probes.get(key);
      if (isUnderWay(present)) return present;
      const first: Probe = {
        state: "pinging",
        requestId,
        startedAt: clock.now(),
        pings: [],
        nextAt: later(PROBE_PING_MS),
        goodUntil: null,
        note: null,
      };
      put(key, first);
      run(key, first, ping)
        .catch((cause: unknown) =>
          put(key, { ...(probes.get(key) ?? first), state: "failed", nextAt: null, note: messageOf(cause) }),
        )
        .then(onEnd)
        .catch(deps.onFault);
      return first;
    },
    spend: (key) => void probes.delete(key),
  };
}
