import { dnaStream } from "#server/contract/event.ts";
import type { DnaFold } from "#server/contract/fold/dna.ts";
import { own } from "#server/contract/fold/record.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { withinDeadline } from "./deadline.ts";
import type { KeyspaceFacts } from "./domain/keyspace-facts.ts";
import { judgeHealth, REMEMBERED_MS, type Stranger, type Takeover } from "./health.ts";
import { healthChanges, takeoverOf, takeoversBetween } from "./health-changes.ts";
import { type DnaStore, isMalformed, type RegisterSize } from "./ports.ts";

/** How often a source is judged. */
export const HEALTH_PERIOD_MS = 5_000;
/** Periods of what changes slowly. */
const FACTS_PERIOD_MS = 5 * 60_000;
const SIZE_PERIOD_MS = 10 * 60_000;
const STRANGERS_PERIOD_MS = 30_000;
/** What could not be read is read again after this. */
const RETRY_MS = 30_000;
const READ_TIMEOUT_MS = 5_000;
/** A cluster that is not followed beats when one of its rows was written within this. */
const BEATING_WITHIN_MS = 15_000;
/** Other clusters of a keyspace that are looked at. */
const STRANGERS_MAX = 8;
const TAKEOVERS_MAX = 200;

/** Judges one source again and again, and records what changes. */
export interface HealthWatch {
  /** Runs until aborted; survives every failure of source and journal. */
  run(signal: AbortSignal): Promise<void>;
}

/** Something read now and then; what was read last stands until it is read again. */
interface Slow<T> {
  value: T | null;
  dueAt: MonotonicMs;
}

export function createHealthWatch(deps: {
  readonly sourceId: string;
  readonly store: Pick<DnaStore, "clusters" | "nodes" | "keyspaceFacts" | "registerSize">;
  /** Whether access to the nodes is configured. */
  readonly beam: boolean;
  /** `null` = every cluster of the keyspace is followed. */
  readonly clusterFilter: string | null;
  readonly recorder: Recorder;
  readonly view: Pick<FoldView, "dna" | "samples" | "onEvents">;
  readonly clock: Clock;
  readonly log: Logger;
}): HealthWatch {
  const { sourceId, store, clock, log, clusterFilter } = deps;
  const stream = dnaStream(sourceId);
  const facts: Slow<KeyspaceFacts> = { value: null, dueAt: clock.monotonic() };
  const size: Slow<RegisterSize> = { value: null, dueAt: clock.monotonic() };
  const strangers: Slow<readonly Stranger[]> = { value: null, dueAt: clock.monotonic() };
  let takeovers: readonly Takeover[] = [];

  const fold = (): DnaFold => deps.view.dna(sourceId);

  async function refresh<T>(slow: Slow<T>, what: string, everyMs: number, read: () => Promise<T>): Promise<void> {
    const now = clock.monotonic();
    if (now < slow.dueAt) return;
    try {
      slow.value = await withinDeadline(clock, READ_TIMEOUT_MS, what, read);
      slow.dueAt = (now + everyMs) as MonotonicMs;
    } catch (cause) {
      slow.dueAt = (now + RETRY_MS) as MonotonicMs;
      log.debug("dna.health.unread", { source: sourceId, what, cause });
    }
  }

  /** Clusters that the reader leaves alone beat in the same keyspace all the same. */
  async function lookForStrangers(): Promise<readonly Stranger[]> {
    if (clusterFilter === null) return [];
    const others = (await store.clusters()).filter((cluster) => cluster !== clusterFilter).slice(0, STRANGERS_MAX);
    const found: Stranger[] = [];
    for (const cluster of others) {
      const ages = (await store.nodes(cluster)).flatMap((row) => (isMalformed(row) ? [] : (row.writeAgeMs ?? [])));
      const beating = ages.filter((age) => age < BEATING_WITHIN_MS).length;
      found.push({ cluster, beating });
    }
    return found;
  }

  async function round(): Promise<void> {
    // Nothing is inferred from a source that is not up: what was said of it stands, and its age tells.
    if (fold().source.state !== "up") return;
    await Promise.all([
      refresh(facts, "The facts of the keyspace", FACTS_PERIOD_MS, () => store.keyspaceFacts()),
      refresh(size, "The size of the register", SIZE_PERIOD_MS, () => store.registerSize()),
      refresh(strangers, "The other clusters", STRANGERS_PERIOD_MS, lookForStrangers),
    ]);
    const now = clock.now();
    const verdicts = judgeHealth({
      fold: fold(),
      sample: own(deps.view.samples(), stream) ?? null,
      facts: facts.value,
      size: size.value,
      strangers: strangers.value ?? [],
      takeovers,
      beam: deps.beam,
      now,
    });
    const drafts = healthChanges(fold(), verdicts, now);
    if (drafts.length > 0) await deps.recorder.record(stream, drafts);
  }

  function remember(found: readonly Takeover[]): void {
    if (found.length === 0) return;
    const now = clock.now();
    takeovers = [...takeovers, ...found].filter(({ at }) => now - at < REMEMBERED_MS).slice(-TAKEOVERS_MAX);
  }

  /** What an earlier life of the console has seen is told on until its day is over. */
  function takeUp(): void {
    const told = own(fold().health, "takeover");
    if (told?.level !== "warning") return;
    const text = (told.evidence.split("; ", 1)[0] ?? told.evidence).replace(/\.$/, "");
    remember(told.about.map((about) => ({ at: told.at, text, about })));
  }

  return {
    async run(signal) {
      takeUp();
      let owned = fold().owned;
      const stop = deps.view.onEvents((events) => {
        for (const event of events) {
          if (event.stream !== stream) continue;
          const found = takeoverOf(fold(), event);
          if (found !== null) remember([found]);
          if (event.kind === "dna.census.finished" && event.body.incarnationId === null)
            remember(takeoversBetween(fold(), owned, fold().owned));
        }
        owned = fold().owned;
      });
      while (!signal.aborted) {
        try {
          await round();
          await clock.sleep(HEALTH_PERIOD_MS, signal);
        } catch (cause) {
          if (signal.aborted) break;
          log.warn("dna.health.not-recorded", { source: sourceId, cause });
          await clock.sleep(HEALTH_PERIOD_MS, signal).catch(() => undefined); // aborted: the loop sees it
        }
      }
      stop();
    },
  };
}
