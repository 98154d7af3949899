import { actorSubject } from "#server/contract/actor-key.ts";
import { dnaStream, type EventDraft, type InstanceFacts, type JournalEvent } from "#server/contract/event.ts";
import type { DoubledFold } from "#server/contract/fold/dna.ts";
import { own } from "#server/contract/fold/record.ts";
import type { Clock, MonotonicMs } from "#server/kernel/clock.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldView, Recorder } from "#server/live/ports.ts";
import { createDoubleCheck } from "./beam-double-check.ts";
import { type BeamWitness, refusalOf } from "./beam-evidence.ts";
import type { DnaBeam } from "./beam-ports.ts";
import { type BeamNodeSample, runningOf } from "./beam-sampling.ts";
import { LAP_MIN_MS, type WalkCoverage, type WalkedNode, walkLap } from "./beam-walk.ts";
import { type ActorKey, toIncarnationId } from "./domain/identity.ts";

/** A key under suspicion is looked at this often. */
const SUSPECT_EVERY_MS = 5_000;
/** For the time that an old owner's cache may still say "me" (60 s), and a margin. */
const SUSPECT_FOR_MS = 75_000;
/** Keys under suspicion at once; beyond it the oldest suspicion is dropped, and the walk is left to find it. */
const SUSPECTS_MAX = 5_000;
/** Doubles that are told at once; beyond it one is told for each that ends. */
export const DOUBLES_MAX = 5_000;
const CHECKS_AT_ONCE = 8;
/** Keys looked at in one round of a second. */
const CHECKS_PER_ROUND_MAX = 100;
const ROUND_MS = 1_000;
/** Nodes that one key is looked for on. */
const NODES_PER_KEY_MAX = 8;
/** A double that could not be looked at for this long is let go: it is not known any more. */
const UNSEEN_FOR_MS = 600_000;
const EVENTS_PER_BATCH = 100;

/** Finds keys that run on several nodes at the same moment, and tells each once while it lasts. */
export interface DoubleWatch {
  /** Has a key looked for on these nodes for the next 75 s. */
  suspect(key: ActorKey, nodes: readonly string[]): void;
  /** What the last finished lap over the registries covered; `null` = none was finished yet. */
  coverage(): WalkCoverage | null;
  /** Looks at those under suspicion, and at those told, whose turn it is; records what it found. */
  checkDue(): Promise<void>;
  /** One lap over all registries. */
  lap(signal: AbortSignal): Promise<void>;
  /** Does both until aborted; survives every failure of nodes and journal. */
  run(signal: AbortSignal): Promise<void>;
}

interface Suspect {
  readonly key: ActorKey;
  readonly nodes: Set<string>;
  until: MonotonicMs;
  dueAt: MonotonicMs;
  /** Told as doubled: looked at until it is so no more. */
  told: boolean;
  unseenSince: MonotonicMs | null;
}

export function createDoubleWatch(deps: {
  readonly sourceId: string;
  readonly beam: Pick<DnaBeam, "link" | "instance" | "instances">;
  readonly witness: Pick<BeamWitness, "known" | "judge">;
  readonly samples: () => readonly BeamNodeSample[];
  readonly recorder: Pick<Recorder, "record">;
  readonly view: Pick<FoldView, "dna" | "onEvents">;
  readonly clock: Clock;
  readonly log: Logger;
}): DoubleWatch {
  const { sourceId, beam, witness, recorder, clock, log } = deps;
  const stream = dnaStream(sourceId);
  const looking = createDoubleCheck(deps);
  const suspects = new Map<string, Suspect>();
  const drafts = new Map<string, EventDraft>();
  let coverage: WalkCoverage | null = null;

  const fold = () => deps.view.dna(sourceId);

  function suspect(key: ActorKey, nodes: readonly string[]): Suspect {
    const subject = actorSubject(key);
    const now = clock.monotonic();
    const until = (now + SUSPECT_FOR_MS) as MonotonicMs;
    const known = suspects.get(subject) ?? { key, nodes: new Set(), until, dueAt: now, told: false, unseenSince: null };
    for (const node of nodes) if (known.nodes.size < NODES_PER_KEY_MAX) known.nodes.add(node);
    known.until = until;
    known.dueAt = now;
    suspects.delete(subject);
    suspects.set(subject, known);
    if (suspects.size > SUSPECTS_MAX) dropOldest();
    return known;
  }

  function dropOldest(): void {
    for (const [subject, { told }] of suspects) {
      if (told) continue;
      suspects.delete(subject);
      return;
    }
  }

  /** Owner changed while the one before may still serve it. */
  function hear(events: readonly JournalEvent[]): void {
    for (const event of events) {
      if (event.stream !== stream) continue;
      if (event.kind === "dna.actor.owner_changed") {
        const { from, to, namespace, moduleId, name } = event.body;
        const nodes = [from.incarnation, to.incarnation].flatMap(nodeOf);
        if (nodes.length === 2) suspect({ namespace, moduleId, name }, nodes);
      } else if (event.kind === "dna.actor.claimed") {
        const { owner, to, namespace, moduleId, name } = event.body;
        if (answers(owner)) suspect({ namespace, moduleId, name }, [owner, to].flatMap(nodeOf));
      } else if (event.kind === "dna.actor.doubled") adopt(event.subject, event.body);
    }
  }

  /** One that was given up, and answered not long ago, may serve its keys still. */
  function answers(incarnation: string): boolean {
    const [node] = nodeOf(incarnation);
    const identity = node === undefined ? null : (witness.known(node)?.identity ?? null);
    return identity !== null && toIncarnationId(identity.incarnation) === incarnation;
  }

  function nodeOf(incarnation: string | null): readonly string[] {
    const node = incarnation === null ? undefined : own(fold().nodes, incarnation);
    return node === undefined ? [] : [node.node];
  }

  function adopt(
    subject: string,
    { namespace, moduleId, name, instances }: Pick<DoubledFold, "instances" | keyof ActorKey>,
  ): void {
    const known = suspects.get(subject) ?? suspect({ namespace, moduleId, name }, []);
    for (const { node } of instances) known.nodes.add(node);
    known.told = true;
  }

  async function checkOne(subject: string, one: Suspect): Promise<void> {
    one.dueAt = (clock.monotonic() + SUSPECT_EVERY_MS) as MonotonicMs;
    const finding = await looking.check(one.key, one.nodes);
    const known = own(fold().doubled, subject);
    const { namespace, moduleId, name } = one.key;
    const at = { subject, occurredAt: clock.now(), synthetic: true };
    switch (finding.kind) {
      case "doubled": {
        one.unseenSince = null;
        one.until = (clock.monotonic() + SUSPECT_FOR_MS) as MonotonicMs;
        const instances = finding.nodes.map(looking.whoIs);
        if (known !== undefined && sameInstances(known.instances, instances)) return;
        if (known === undefined && Object.keys(fold().doubled).length >= DOUBLES_MAX) return;
        const body = { namespace, moduleId, name, instances, evidence: finding.evidence };
        drafts.set(subject, { kind: "dna.actor.doubled", ...at, body });
        return;
      }
      case "single":
        one.unseenSince = null;
        settle(known, finding.reason);
        return;
      case "moved":
        one.dueAt = (clock.monotonic() + ROUND_MS) as MonotonicMs;
        return;
      case "unknown":
        one.unseenSince ??= clock.monotonic();
        if (clock.monotonic() - one.unseenSince >= UNSEEN_FOR_MS)
          settle(known, `not known any more: ${finding.reason}`);
        return;
      default:
        finding satisfies never;
    }

    function settle(doubled: DoubledFold | undefined, reason: string): void {
      one.told = false;
      if (doubled === undefined) drafts.delete(subject);
      else drafts.set(subject, { kind: "dna.actor.undoubled", ...at, body: { namespace, moduleId, name, reason } });
    }
  }

  async function checkDue(): Promise<void> {
    const now = clock.monotonic();
    for (const [subject, one] of suspects) if (one.until <= now && !one.told) suspects.delete(subject);
    const due = [...suspects]
      .filter(([, { dueAt, nodes }]) => dueAt <= now && nodes.size > 1)
      .sort(([, a], [, b]) => a.dueAt - b.dueAt)
      .slice(0, CHECKS_PER_ROUND_MAX);
    const lane = async (): Promise<void> => {
      for (let next = due.shift(); next !== undefined; next = due.shift()) await checkOne(...next);
    };
    await Promise.all(Array.from({ length: CHECKS_AT_ONCE }, lane));
    await record();
  }

  async function record(): Promise<void> {
    while (drafts.size > 0) {
      const batch = [...drafts].slice(0, EVENTS_PER_BATCH);
      await recorder.record(
        stream,
        batch.map(([, draft]) => draft),
      );
      for (const [subject, draft] of batch) if (drafts.get(subject) === draft) drafts.delete(subject);
    }
  }

  /** Nodes that answered last, with the partitions they told. */
  function walked(): readonly WalkedNode[] {
    return deps
      .samples()
      .flatMap(({ node, identity, partitions }) =>
        identity === null || partitions === null || refusalOf(beam, node) !== null
          ? []
          : [{ node, partitions: partitions.length, running: runningOf(partitions) }],
      );
  }

  async function lap(signal: AbortSignal): Promise<void> {
    const nodes = walked();
    if (nodes.length < 2) return;
    const found = await walkLap({ beam, clock }, nodes, ({ key, nodes: on }) => suspect(key, on), signal);
    if (!signal.aborted) coverage = found;
  }

  async function every(ms: number, signal: AbortSignal, what: string, round: () => Promise<void>): Promise<void> {
    while (!signal.aborted) {
      const startedAt = clock.monotonic();
      await round().catch((cause: unknown) => {
        if (!signal.aborted) log.warn(what, { source: sourceId, cause });
      });
      const restMs = Math.max(0, startedAt + ms - clock.monotonic());
      await clock.sleep(Math.max(ROUND_MS, restMs), signal).catch((cause: unknown) => {
        if (!signal.aborted) log.error("dna.doubles.unexpected", { source: sourceId, cause });
      });
    }
  }

  return {
    suspect,
    coverage: () => coverage,
    checkDue,
    lap,
    async run(signal) {
      for (const [subject, doubled] of Object.entries(fold().doubled)) adopt(subject, doubled);
      const deaf = deps.view.onEvents(hear);
      try {
        await Promise.all([
          every(ROUND_MS, signal, "dna.doubles.not-recorded", checkDue),
          every(LAP_MIN_MS, signal, "dna.doubles.not-walked", () => lap(signal)),
        ]);
      } finally {
        deaf();
      }
    },
  };
}

const sameInstances = (a: readonly InstanceFacts[], b: readonly InstanceFacts[]): boolean =>
  a.length === b.length &&
  a.every(({ node, incarnation }, index) => b[index]?.node === node && b[index].incarnation === incarnation);
