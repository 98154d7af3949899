/** The console's search for doubled actors in a history, and whether it told each in time and none that is none. */
import { actorSubject } from "#server/contract/actor-key.ts";
import { createSimulatedDnaBeam } from "#server/demo/dna/beam.ts";
import type { SimulatedKey } from "#server/demo/dna/database.ts";
import type { Simulation } from "#server/demo/dna/simulation.ts";
import { createDoubleWatch } from "#server/dna/beam-doubles.ts";
import { emptySample } from "#server/dna/beam-sampling.ts";
import { LAP_MIN_MS } from "#server/dna/beam-walk.ts";
import { toIncarnationId } from "#server/dna/domain/identity.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { silentLogger } from "#server/kernel/logger.ts";
import type { PlayedConsole } from "./console.test-kit.ts";
import { KEYSPACE } from "./mishaps.test-kit.ts";
import type { Referee } from "./referee.ts";
import type { VirtualTime } from "./virtual-time.test-kit.ts";

/** What was promised. */
const REPORTED_WITHIN_MS = 30_000;
/** Suspicion is followed for so long after a walk. */
const FOLLOWED_MS = 80_000;
const SOURCE = "s";
const ROUND_MS = 2_000;

interface Lasting {
  /** The very processes, each with its VM. */
  readonly processes: string;
  readonly since: number;
}

export interface PlayedDoubles {
  round(): void;
  found(): { readonly misreported: readonly string[]; readonly reported: number };
}

export function createPlayedDoubles(
  world: {
    readonly simulation: Simulation;
    readonly referee: Referee;
    readonly keys: readonly SimulatedKey[];
    readonly time: VirtualTime;
  },
  shown: PlayedConsole,
  options: { readonly walks: "never" | "doubled" | "always"; readonly isAway: () => boolean },
): PlayedDoubles {
  const { simulation, referee, time } = world;
  const keys = new Map(world.keys.map((key) => [key.text, key]));
  const beam = createSimulatedDnaBeam(time.driver, KEYSPACE, { latencyMs: [0, 0] });
  const misreported: string[] = [];
  let reported = 0;
  let walkedAt = Number.NEGATIVE_INFINITY;
  let lasting = new Map<string, Lasting>();
  /** When each key was truly doubled last. */
  const doubledAt = new Map<string, number>();
  const watch = createDoubleWatch({
    ...{ sourceId: SOURCE, beam, witness: shown.witness, clock: time.clock, log: silentLogger },
    samples: () => samplesOf(simulation, shown),
    view: { dna: shown.fold, onEvents: () => () => undefined },
    recorder: {
      async record(_stream, drafts) {
        shown.record(drafts);
        for (const { kind, subject, occurredAt } of drafts)
          if (kind === "dna.actor.doubled") tell(subject, occurredAt - simulation.startEpoch);
        return [];
      },
    },
  });

  /** Told of an instant: while the journal is away it is told later, and may be over by then. */
  function tell(subject: string, at: number): void {
    reported += 1;
    const truly = (doubledAt.get(subject) ?? Number.NEGATIVE_INFINITY) >= at - ROUND_MS;
    if (!truly) misreported.push(`${subject} was told as doubled at ${at}, and was not`);
  }
  function subjectOf(text: string): string | null {
    const key = keys.get(text);
    if (key === undefined) return null;
    const { namespace, moduleId } = key.table.spec;
    return actorSubject({ namespace, moduleId, name: key.name });
  }

  /** The processes of a key that the console could see: of VMs that answer at their names, and which it knows. */
  function visible(text: string, vms: readonly string[]): string | null {
    const key = keys.get(text);
    const names = new Set(Object.values(shown.fold().nodes).map(({ node }) => node));
    const processes = simulation.nodes(KEYSPACE).flatMap((node) => {
      const seen = vms.includes(node.vm.id) && node.vm.state() === "running" && names.has(node.name);
      const running = seen && key !== undefined ? node.registry.find(key) : null;
      return running === null ? [] : [`${node.vm.id} ${running.ref} ${running.startedAt}`];
    });
    return processes.length < 2 ? null : processes.join(", ");
  }

  function compare(at: number): void {
    const next = new Map<string, Lasting>();
    for (const { key, vms } of referee.doubled()) {
      doubledAt.set(subjectOf(key) ?? key, at);
      const processes = visible(key, vms);
      if (processes === null || options.isAway()) continue;
      const before = lasting.get(key);
      const since = before?.processes === processes ? before.since : at;
      next.set(key, { processes, since });
      const subject = subjectOf(key);
      if (at - since > REPORTED_WITHIN_MS && subject !== null && shown.fold().doubled[subject] === undefined)
        misreported.push(`at ${at}: ${key} has been doubled since ${since} by ${processes}, and was not told`);
    }
    lasting = next;
  }

  async function look(at: number): Promise<void> {
    try {
      const isLap = Math.floor(at) % LAP_MIN_MS === 0;
      if (isLap && (options.walks === "always" || lasting.size > 0)) {
        walkedAt = at;
        await watch.lap(new AbortController().signal);
      }
      if (at - walkedAt <= FOLLOWED_MS && !isLap) await watch.checkDue();
    } catch (cause) {
      if (!(cause instanceof OpsError)) misreported.push(String(cause));
    }
  }

  return {
    round() {
      const at = simulation.queue.now();
      compare(at);
      if (options.walks !== "never") void look(at);
    },
    found: () => ({ misreported, reported }),
  };
}

/** What the nodes told last that answer at their names. */
function samplesOf(simulation: Simulation, shown: PlayedConsole) {
  const names = new Set(Object.values(shown.fold().nodes).map(({ node }) => node));
  return simulation
    .nodes(KEYSPACE)
    .filter((node) => names.has(node.name) && node.vm.state() === "running")
    .map((node) => ({
      ...emptySample(node.name),
      identity: toIncarnationId(node.worker().incarnation),
      partitions: Array.from({ length: node.registry.partitions }, (_, index) => ({
        ...{ index, alive: true },
        running: node.registry.running(index),
      })),
    }));
}
