/** The console's side of a history: the same pure functions as the reader's and the witness's, driven by hand. */
import { dnaStream, type EventDraft, type JournalEvent } from "#server/contract/event.ts";
import { type DnaFold, EMPTY_DNA, reduceDna } from "#server/contract/fold/dna.ts";
import type { Simulation } from "#server/demo/dna/simulation.ts";
import type { BeamWitness } from "#server/dna/beam-evidence.ts";
import { judgeTarget } from "#server/dna/claim-targets.ts";
import { type BeamEvidence, judgeBeam, NO_EVIDENCE, observeLook } from "#server/dna/domain/beam-evidence.ts";
import type { IncarnationId } from "#server/dna/domain/identity.ts";
import type { IncarnationCheck, IncarnationWatch } from "#server/dna/failover-watch.ts";
import { type IncarnationLiveness, judgeIncarnation } from "#server/dna/incarnation-liveness.ts";
import type { NodeRow } from "#server/dna/ports.ts";
import { watchChanges } from "#server/dna/reader-changes.ts";
import { breakStale, emptyClusterWatch, observeNodes, type SourceWatch } from "#server/dna/source-watch.ts";
import { epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { KEYSPACE, type Mishap } from "./mishaps.test-kit.ts";
import type { Referee } from "./referee.ts";

export interface ConsoleOptions {
  /** Access to the nodes. */
  readonly beam: boolean;
  /** Counts silence over gaps in its reads, which is wrong: the referee must notice. */
  readonly ignoresGaps: boolean;
  /** Holds for dead what does not answer, which is wrong: the referee must notice. */
  readonly trustsSilence: boolean;
  readonly during: (kind: Mishap["kind"]) => boolean;
}

export interface PlayedConsole {
  /** Reads, looks, judges and records, as it does every 2 s. */
  round(): void;
  judge(id: IncarnationId): IncarnationLiveness;
  known(): readonly IncarnationId[];
  fold(): DnaFold;
  /** Writes into the journal. @throws OpsError `upstream-unavailable` while it is away */
  record(drafts: readonly EventDraft[]): void;
  /** Whom the doubles are looked for by. */
  readonly witness: Pick<BeamWitness, "known" | "judge">;
  /** What a failover asks. */
  readonly watch: IncarnationWatch;
}

export function createPlayedConsole(simulation: Simulation, referee: Referee, options: ConsoleOptions): PlayedConsole {
  const { database, queue, startEpoch } = simulation;
  const { during } = options;
  const evidence = new Map<string, BeamEvidence>();
  let watch: SourceWatch = new Map();
  let fold: DnaFold = EMPTY_DNA;
  let seq = 0;

  function look(name: string): void {
    if (!options.beam) return;
    forget();
    const node = simulation.nodes(KEYSPACE).find((each) => each.name === name);
    const state = node?.vm.state() ?? "halted";
    const ended = state === "halted" || (options.trustsSilence && state !== "running");
    const told =
      node !== undefined && state === "running"
        ? ({ kind: "identity", incarnation: node.worker().incarnation } as const)
        : ended
          ? ({ kind: "unregistered" } as const)
          : ({ kind: "nothing", why: "no answer" } as const);
    evidence.set(name, observeLook(evidence.get(name) ?? NO_EVIDENCE, told, monotonicMs(queue.now())));
  }

  function read(): void {
    const at = monotonicMs(queue.now());
    const [coordinator] = database.coordinators;
    if (coordinator === undefined || database.down || during("no-reads")) {
      throw new OpsError("upstream-unavailable", "no read");
    }
    const nowMs = database.clockOf(coordinator);
    const loopLateMs = during("late-loop") ? 1_500 : 0;
    referee.read(at, loopLateMs);
    const next = new Map(watch);
    for (const cluster of new Set([...watch.keys(), ...database.clusters(KEYSPACE)])) {
      const rows = database.nodes(KEYSPACE, cluster).map((row): NodeRow => {
        const writeAgeMs = Math.max(0, Math.floor(nowMs) - Math.floor(row.writtenUs / 1_000));
        const { incarnation, node, heartbeat } = row;
        return { incarnation, node: node ?? "", heartbeat: heartbeat ?? 0n, load: null, draining: false, writeAgeMs };
      });
      const known = watch.get(cluster) ?? emptyClusterWatch(cluster);
      const blind = options.ignoresGaps && known.sightings.lastReadAt !== null;
      const before = blind ? { ...known, sightings: { ...known.sightings, lastReadAt: at } } : known;
      const seen = { startedAt: at, endedAt: at, rows, loopLateMs };
      const evidenceOf = (name: string): BeamEvidence | null => evidence.get(name) ?? null;
      next.set(cluster, observeNodes(before, options.beam ? { ...seen, evidenceOf } : seen));
    }
    watch = next;
    forget();
  }

  function record(drafts: readonly EventDraft[]): void {
    for (const draft of drafts) {
      seq += 1;
      const numbered = { id: String(seq), seq: String(seq), stream: dnaStream("s"), observedAt: epochMs(queue.now()) };
      const rest = { synthetic: false, causedBy: null, actor: null };
      fold = reduceDna(fold, { ...rest, ...draft, ...numbered } as JournalEvent);
    }
  }

  const witness: PlayedConsole["witness"] = {
    known: (name) => evidence.get(name) ?? null,
    judge: (node, incarnation) =>
      node === null
        ? { kind: "unknown", detail: "no name" }
        : judgeBeam(incarnation, evidence.get(node) ?? NO_EVIDENCE, monotonicMs(queue.now())),
  };
  /** Judgements of this very instant, until something new is read or looked at. */
  let judged = new Map<IncarnationId, IncarnationLiveness>();
  let judgedAt = Number.NaN;
  function judge(id: IncarnationId): IncarnationLiveness {
    const now = monotonicMs(queue.now());
    if (judgedAt !== now) forget();
    judgedAt = now;
    const loop = { maxLateSince: () => 0 };
    const context = { watch, discovery: null, now, loop, witness: options.beam ? witness : null };
    const found = judged.get(id) ?? judgeIncarnation(id, context);
    judged.set(id, found);
    return found;
  }
  function forget(): void {
    judged = new Map();
  }

  function check(id: IncarnationId): IncarnationCheck {
    const { state, releasable } = judge(id);
    const open = releasable.reasons.find((reason) => !reason.holds);
    return {
      releasable: releasable.releasable,
      certainty: releasable.certainty,
      beats: state === "alive" || state === "returned",
      waitingFor: open?.text ?? null,
    };
  }

  return {
    round() {
      forget();
      if (!options.ignoresGaps) watch = breakStale(watch, monotonicMs(queue.now()));
      for (const name of new Set(Object.values(fold.nodes).map((node) => node.node))) look(name);
      try {
        read();
      } catch (cause) {
        if (!(cause instanceof OpsError)) throw cause;
      }
      if (!during("no-journal")) record(watchChanges(fold, watch, epochMs(Math.floor(startEpoch + queue.now()))));
    },
    judge,
    known: () => Object.keys(fold.nodes),
    fold: () => fold,
    witness,
    record(drafts) {
      if (during("no-journal")) throw new OpsError("upstream-unavailable", "no journal");
      record(drafts);
    },
    watch: {
      async check(id) {
        read();
        const { node } = judge(id);
        if (node !== null) look(node);
        return check(id);
      },
      judge: check,
      target: (id, dead) => judgeTarget(judge(id), judge(dead)),
    },
  };
}

/** Whether the incarnation lives in any VM, one that stands still included. */
export const livesNow = (simulation: Simulation, id: IncarnationId): boolean =>
  simulation.vms(KEYSPACE).some((node) => node.vm.state() !== "halted" && node.worker().id === id);
