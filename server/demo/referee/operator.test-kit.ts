/** The operator of a history: fails over whatever may be failed over, by the very job of the console, and stops actors. */
import { createSimulatedDnaBeam } from "#server/demo/dna/beam.ts";
import type { SimulatedKey } from "#server/demo/dna/database.ts";
import { type Random, streamOf } from "#server/demo/dna/random.ts";
import type { Simulation } from "#server/demo/dna/simulation.ts";
import { createSimulatedDnaStore, type SimulatedDnaStore, type StoreFault } from "#server/demo/dna/store.ts";
import { type IncarnationId, toIncarnationId } from "#server/dna/domain/identity.ts";
import { createFailoverKind } from "#server/dna/failover-job.ts";
import { type ClaimTarget, failoverParams } from "#server/dna/failover-params.ts";
import type { FailoverPace } from "#server/dna/failover-readiness.ts";
import type { IncarnationCheck, IncarnationWatch } from "#server/dna/failover-watch.ts";
import type { JobWork } from "#server/jobs/ports.ts";
import type { JsonObject, JsonValue } from "#server/kernel/json.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import type { PlayedConsole } from "./console.test-kit.ts";
import { KEYSPACE } from "./mishaps.test-kit.ts";
import type { VirtualTime } from "./virtual-time.test-kit.ts";

const SOURCE = "s";
const PACE: FailoverPace = { roundsPerSecond: 2, keysPerRound: 4, inFlightPerPartition: 1 };
/** A console that was killed is there again after so long. */
const RESTART_MS = 6_000;
const KILL_CHANCE = 0.32;
const FAULT_CHANCE = 0.15;
const STOP_CHANCE = 0.4;
const STOP_DEADLINE_MS = 500;
const STORE_LATENCY_MS = [4, 60] as const;

export interface OperatorOptions {
  /** `mixed` releases some and claims others. */
  readonly failsOver: "not" | "release" | "claim" | "mixed";
  /** `impatient` acts on whatever is silent or gone, without the wait, which is wrong: the referee must notice. */
  readonly haste: "patient" | "impatient";
  readonly stops: boolean;
  /** The console is killed in the midst of its jobs and goes on from their bookmarks; statements lose their answers. */
  readonly troubles: boolean;
}

export interface PlayedOperator {
  /** Looks what can be done, as it does every 2 s; what it begins goes on by itself. */
  round(): void;
  /** Keys that changed hands by it. */
  readonly done: { released: number; claimed: number; stopped: number; resumed: number };
}

export function createPlayedOperator(
  world: { readonly simulation: Simulation; readonly keys: readonly SimulatedKey[]; readonly time: VirtualTime },
  shown: PlayedConsole,
  options: OperatorOptions,
): PlayedOperator {
  const { simulation, keys, time } = world;
  const done = { released: 0, claimed: 0, stopped: 0, resumed: 0 };
  const store = createSimulatedDnaStore(time.driver, KEYSPACE, { latencyMs: STORE_LATENCY_MS });
  const watch = options.haste === "impatient" ? impatient(shown.watch) : shown.watch;
  const kind = createFailoverKind({
    sourceOf: () => ({ store, watch }),
    clock: time.clock,
    pace: PACE,
    log: silentLogger,
    onKey({ to }) {
      if (to === null) done.released += 1;
      else done.claimed += 1;
    },
  });
  const streams = new Map<string, Random>();
  /** Each incarnation and each key is dealt with by draws of its own. */
  function randomOf(what: string): Random {
    const known = streams.get(what) ?? streamOf(simulation.seed, `operator/${what}`);
    streams.set(what, known);
    return known;
  }
  let busy = false;
  let jobs = 0;

  function targetsFor(id: IncarnationId): readonly ClaimTarget[] | null {
    const wanted = options.failsOver === "claim" || (options.failsOver === "mixed" && randomOf(id).chance(0.5));
    const targets = wanted
      ? shown
          .known()
          .filter((each) => shown.watch.target(each, id).eligible)
          .map((each) => ({ incarnationId: each, node: shown.judge(each).node ?? "", weight: 1 }))
      : [];
    return targets.length === 0 ? null : targets;
  }

  async function failOver(id: IncarnationId): Promise<void> {
    const targets = targetsFor(id);
    const types = [...new Set(keys.map((key) => key.table.spec))];
    const params = failoverParams(SOURCE, id, types, targets === null ? {} : { targets });
    jobs += 1;
    const job = { id: `job-${jobs}`, params, bookmark: null as JsonValue };
    if (options.troubles) disturb(store, randomOf(id));
    for (;;) {
      const killAt = options.troubles && randomOf(id).chance(KILL_CHANCE) ? 1 + randomOf(id).below(8) : null;
      try {
        await kind.run(workOf(job, killAt));
        return;
      } catch (cause) {
        if (!(cause instanceof Killed)) throw cause;
        done.resumed += 1;
        await time.clock.sleep(RESTART_MS);
      }
    }
  }

  async function stopOne(key: SimulatedKey): Promise<void> {
    const node = simulation.nodes(KEYSPACE).find((each) => each.vm.state() === "running" && each.registry.has(key));
    const running = node?.registry.find(key) ?? null;
    if (node === undefined || running === null) return;
    const { namespace, moduleId } = key.table.spec;
    const instance = { key: { namespace, moduleId, name: key.name }, partition: running.partition, ref: running.ref };
    const safe = randomOf(key.text).chance(0.7);
    const outcome = safe
      ? await beam.stopSafe(node.name, instance, STOP_DEADLINE_MS)
      : await beam.stopForced(node.name, instance);
    if (outcome.kind === "stopped") done.stopped += 1;
  }
  const beam = createSimulatedDnaBeam(time.driver, KEYSPACE, { latencyMs: [0, 0] });
  const begin = (work: Promise<void>): void => void work.catch(reportLater);
  /** A fault of the test itself must not be lost: it is thrown at the next round. */
  let fault: unknown = null;
  function reportLater(cause: unknown): void {
    fault ??= cause;
  }

  return {
    done,
    round() {
      if (fault !== null) throw fault;
      if (options.stops) {
        const random = randomOf("stops");
        const key = keys[random.below(keys.length)];
        if (random.chance(STOP_CHANCE) && key !== undefined) begin(stopOne(key));
      }
      if (options.failsOver === "not" || busy) return;
      const id = shown.known().find((each) => watch.judge(each).releasable && owns(keys, each));
      if (id === undefined) return;
      busy = true;
      begin(
        failOver(id).finally(() => {
          busy = false;
        }),
      );
    },
  };
}

class Killed extends Error {}

const owns = (keys: readonly SimulatedKey[], id: IncarnationId): boolean =>
  keys.some((key) => {
    const owner = key.table.get(key.name)?.owner ?? null;
    return owner !== null && toIncarnationId(owner) === id;
  });

/** A job as the runner gives it to its kind; killed at one of its checkpoints, which is not written down then. */
function workOf(
  job: { readonly id: string; readonly params: JsonObject; bookmark: JsonValue },
  killAt: number | null,
): JobWork {
  let checkpoints = 0;
  const counts = { total: 0, applied: 0, moved: 0, failed: 0, unknown: 0 };
  return {
    id: job.id,
    params: job.params,
    bookmark: job.bookmark,
    facts: {
      ...{ kind: "dna.failover", title: "", stream: `dna:${SOURCE}`, target: "", state: "running", note: null },
      ...{ counts, createdAt: 0, requestedBy: "", requestId: "" },
    } as JobWork["facts"],
    frozen: async () => [],
    outcome: async () => null,
    signal: new AbortController().signal,
    async checkpoint({ bookmark }) {
      checkpoints += 1;
      if (killAt !== null && checkpoints >= killAt) throw new Killed();
      job.bookmark = bookmark;
    },
    counts: () => counts,
    setWaiting: async () => undefined,
    pace: () => undefined,
  };
}

/** Some of the next statements are lost on their way there or back, or refused. */
function disturb(store: SimulatedDnaStore, random: Random): void {
  for (const call of ["release", "claim", "actor"] as const) {
    if (!random.chance(FAULT_CHANCE)) continue;
    const kinds: readonly StoreFault["kind"][] =
      call === "actor" ? ["unavailable"] : ["before", "after", "unavailable"];
    const kind = kinds[random.below(kinds.length)] ?? "after";
    store.inject({ call, kind, times: 1 + random.below(2) });
  }
}

/** Does not wait: whatever is silent or gone is held for dead. */
function impatient(watch: IncarnationWatch): IncarnationWatch {
  const hasty = (check: IncarnationCheck, beats: boolean): IncarnationCheck => ({
    ...check,
    ...(beats ? {} : { releasable: true, certainty: "proven" as const, waitingFor: null }),
  });
  const isSilent = (check: IncarnationCheck): boolean =>
    !check.beats && check.waitingFor?.includes("silent or gone") !== true;
  return {
    ...watch,
    async check(id) {
      const check = await watch.check(id);
      return hasty(check, !isSilent(check));
    },
    judge(id) {
      const check = watch.judge(id);
      return hasty(check, !isSilent(check));
    },
  };
}
