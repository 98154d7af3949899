import { dynflowStream } from "#server/contract/event.ts";
import { type Clock, type EpochMs, epochMs, type MonotonicMs, monotonicMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { createClockComparison } from "./follower-clock.ts";
import { createReadGovernor, type GovernedRead } from "./follower-governor.ts";
import { createHintListener } from "./follower-hints.ts";
import { createPlanLap, LAP_ROWS } from "./follower-lap.ts";
import { createSourceMonitor } from "./follower-monitor.ts";
import { createPlansLook } from "./follower-plans.ts";
import { createDatabaseShare } from "./follower-share.ts";
import { createWorldsLook } from "./follower-worlds.ts";
import { createPause } from "./pause.ts";
import type { DynflowCapabilities, DynflowStore } from "./ports.ts";

const WATCHED_INTERVAL_MS = 1_000;
const RETRY_INTERVAL_MS = 1_000;
/** Hints come in swarms: one look answers all of the same moment. */
const HINT_DEBOUNCE_MS = 100;

export interface DynflowFollowerOptions {
  readonly sourceId: string;
  readonly store: DynflowStore;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "dynflow">;
  readonly clock: Clock;
  /** Real time, where `clock` is the demo's; see `SourceMonitorOptions`. */
  readonly upstreamClock?: Clock;
  readonly log: Logger;
  /** Rows of one slice of the rolling lap. */
  readonly lapRows?: number;
}

export interface DynflowFollower {
  /** Follows the source until the signal is aborted; never rejects for anything the source does. */
  run(signal: AbortSignal): Promise<void>;
  /** Has this plan read each second until the returned function is called. */
  watch(planId: string): () => void;
  /** Has everything, and this plan, looked at as soon as may be. */
  look(planId?: string): void;
  /** Of the last time the source came up; `null` while it has never answered. */
  capabilities(): DynflowCapabilities | null;
  /** By how much the database's clock is ahead of ours; `null` while it is not known. */
  clockOffsetMs(): number | null;
}

/**
 * The one reader of a live Dynflow database: compares what it reads with the fold and journals only differences.
 * Never asks for plans by state: it knows unfinished ones by key, and finds new ones by their locks, by hints and by
 * a rolling lap over the table.
 */
export function createDynflowFollower(options: DynflowFollowerOptions): DynflowFollower {
  const { sourceId, store, recorder, view, clock, log } = options;
  const monitor = createSourceMonitor(options);
  const worlds = createWorldsLook({ ...options, monitor });
  const plans = createPlansLook({ ...options, monitor });
  const governor = createReadGovernor({ clock });
  const share = createDatabaseShare({ clock });
  const lap = createPlanLap({ store, monitor, clock, governor, rows: options.lapRows ?? LAP_ROWS });
  const clocks = createClockComparison({ store, monitor, clock });
  const hints = createHintListener({ store, log, onHint: () => lookSoon(HINT_DEBOUNCE_MS) });
  const watchers = new Map<string, number>();
  const pause = createPause(clock);
  let capabilities: DynflowCapabilities | null = null;
  let capabilitiesFresh = false;
  let recordsDue = clock.monotonic();
  let plansDue = clock.monotonic();
  let watchedDue = clock.monotonic();
  let recordsLookedAt: { readonly epoch: EpochMs; readonly monotonic: MonotonicMs } | null = null;
  let plansLookedAt: EpochMs | null = null;

  function lookSoon(delayMs: number): void {
    const earliest = (recordsLookedAt?.monotonic ?? 0) + governor.hintIntervalMs();
    const at = monotonicMs(Math.max(clock.monotonic() + delayMs, earliest));
    if (at < recordsDue) recordsDue = at;
    if (at < plansDue) plansDue = at;
    pause.end();
  }

  const isDue = (due: MonotonicMs) => due <= clock.monotonic();
  const after = (ms: number) => monotonicMs(clock.monotonic() + ms);

  async function lookAtRecords(): Promise<void> {
    const at = { epoch: clock.now(), monotonic: clock.monotonic() };
    const touched = await worlds.look();
    if (capabilities?.insertCount === true) await lap.lookForInserts();
    if (capabilities?.notify === true) await hints.listenTo(Object.keys(view.dynflow(sourceId).worlds));
    plans.found(touched, true);
    await clocks.look();
    recordsLookedAt = at;
    recordsDue = after(governor.lookIntervalMs());
  }

  /** The two looks are kept apart, so that there is a read each second and silence is noticed soon. */
  async function lookAtPlans(): Promise<void> {
    const at = clock.now();
    await plans.look();
    plansLookedAt = at;
    const toRecordsMs = Math.max(0, recordsDue - clock.monotonic());
    const apartMs = governor.lookIntervalMs() / 2;
    plansDue = after(toRecordsMs + (toRecordsMs > 1.5 * apartMs ? -apartMs : apartMs));
  }

  /** What one look or slice costs, whether it succeeds or not, decides when the next may be. */
  async function paying<T>(kind: GovernedRead, task: () => Promise<T>): Promise<T> {
    const before = monitor.spentMs();
    try {
      return await task();
    } finally {
      governor.paid(kind, monitor.spentMs() - before);
    }
  }

  /** Everything that is due. A read that fails ends the round; what was due then stays due. */
  async function round(): Promise<void> {
    monitor.roundStarted();
    if (!capabilitiesFresh) {
      capabilities = await monitor.read(() => store.capabilities());
      capabilitiesFresh = true;
    }
    if (isDue(recordsDue)) await paying("records", lookAtRecords);
    if (isDue(lap.dueAt())) plans.discovered(await paying("lap", () => lap.look()));
    if (isDue(plansDue) || plans.hasFound()) await paying("plans", lookAtPlans);
    if (isDue(watchedDue)) {
      if (watchers.size > 0) await plans.lookAt([...watchers.keys()]);
      watchedDue = after(WATCHED_INTERVAL_MS);
    }
    await monitor.roundCompleted(plans.note() ?? clocks.note());
    sample();
  }

  /** `asOf` is that of the older of the two looks: nothing shown is older than it says. */
  function sample(): void {
    if (recordsLookedAt === null || plansLookedAt === null) return;
    const asOf = epochMs(Math.min(recordsLookedAt.epoch, plansLookedAt));
    const planProgress = plans.progress();
    share.noted(store.spentMs?.() ?? monitor.spentMs());
    recorder.sample(dynflowStream(sourceId), {
      asOf,
      readMs: monitor.readMs(),
      planProgress,
      lapMs: lap.lapMs(),
      lookMs: governor.lookIntervalMs(),
      databaseShare: share.share(),
    });
  }

  function nextDueMs(): number {
    const dues = [recordsDue, plansDue, lap.dueAt(), ...(watchers.size > 0 ? [watchedDue] : [])];
    return Math.max(0, Math.min(...dues) - clock.monotonic());
  }

  async function follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        await round();
        await pause.sleep(nextDueMs());
      } catch (cause) {
        if (signal.aborted) return;
        await monitor.roundFailed(cause);
        if (monitor.isDown()) forgetTimes();
        await clock.sleep(RETRY_INTERVAL_MS, signal);
      }
    }
  }

  /** After the source was down everything is compared again, and it may be another server that answers. */
  function forgetTimes(): void {
    capabilitiesFresh = false;
    clocks.forget();
    recordsDue = clock.monotonic();
    plansDue = clock.monotonic();
  }

  return {
    async run(signal) {
      signal.addEventListener("abort", () => pause.end(), { once: true });
      try {
        await Promise.all([follow(signal), monitor.watch(signal)]);
      } catch (cause) {
        if (!signal.aborted) throw cause;
      } finally {
        await hints.close();
      }
    },
    watch(planId) {
      watchers.set(planId, (watchers.get(planId) ?? 0) + 1);
      watchedDue = clock.monotonic();
      pause.end();
      let watching = true;
      return () => {
        if (!watching) return;
        watching = false;
        const left = (watchers.get(planId) ?? 1) - 1;
        if (left > 0) watchers.set(planId, left);
        else watchers.delete(planId);
      };
    },
    look(planId) {
      if (planId !== undefined) plans.found([planId], false);
      lookSoon(0);
    },
    capabilities: () => capabilities,
    clockOffsetMs: () => clocks.offsetMs(),
  };
}
