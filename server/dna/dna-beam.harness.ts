import type { BeamInstance, DnaBeam } from "./beam-ports.ts";
import type { ActorKey, ActorType, Incarnation } from "./domain/identity.ts";

/**
 * What befalls a node and its actors, for tests of a `DnaBeam`. Each call has taken effect, for every later call of the
 * port, when it resolves. Actors are DNA's: they take up to 100 buffered events at a time, write what these changed, and
 * buffer whatever comes while a write is under way.
 */
export interface BeamSeeding {
  /** The incarnation that the node is at present, by other means than the port. */
  identity(): Promise<Incarnation>;
  /** Starts actors named `prefix` and a number of eight digits: `c-00000000`, `c-00000001`, … */
  start(type: ActorType, prefix: string, count: number): Promise<void>;
  startOne(key: ActorKey): Promise<void>;
  /** How long every write that begins from now on takes; 0 to begin with. */
  writesTake(ms: number): Promise<void>;
  /**
   * Sends it `count` events that each change its state, one after the other. With a slow write the first is in flight and
   * the others are buffered.
   */
  send(key: ActorKey, count: number): Promise<void>;
  /** It is inside a callback for so long, beginning now: it answers nobody, and what is sent stays in its mailbox. */
  hold(key: ActorKey, ms: number): Promise<void>;
  /** Its state is of about so many bytes from now on. */
  grow(key: ActorKey, bytes: number): Promise<void>;
  /** A change every few ms for so long, beginning now, also to whatever runs under the key then. */
  heat(key: ActorKey, ms: number): Promise<void>;
  /** Its process ends at once; the supervisor restarts it. Resolved when the new one is in the registry. */
  kill(key: ActorKey): Promise<void>;
  /** Events of the key whose write has landed. */
  written(key: ActorKey): Promise<number>;
  /** Whether it is suspended by a system message, that is: handles nothing until somebody resumes it. */
  suspended(key: ActorKey): Promise<boolean>;
  /** What the node's cache of owners says of a key from now on. */
  cache(key: ActorKey, owner: Incarnation, ttlMs: number): Promise<void>;
  /** An entry of the node's own peer table, whose heartbeat it last saw change so long ago. */
  peer(peer: {
    readonly incarnation: Incarnation;
    readonly node: string;
    readonly heartbeat: bigint;
    readonly silentMs: number;
    readonly load: number;
  }): Promise<void>;
  /** Its cluster worker stops refreshing, with the last refresh so long ago; `null` = it has never refreshed. */
  lastRefresh(agoMs: number | null): Promise<void>;
  /** Lets time pass: a real node's clock is the wall's, a simulator's is stepped. */
  pass(ms: number): Promise<void>;
}

/**
 * One running node without actors, cache entries and peers, of at least two partitions.
 *
 * For who writes a simulator: give `describeDnaBeam` a function that builds a simulated estate of one node and answers
 * this; `seed.pass` steps your clock, and the promises of `beam` must come about while nobody steps it, save those of
 * `stopSafe` and of a `backlog` of a held actor, during which the suite itself keeps time passing (`whilePassing`).
 */
export interface DnaBeamHarness {
  readonly beam: DnaBeam;
  /** BEAM name of the node. */
  readonly node: string;
  /** A name on the same host that no VM has. */
  readonly absentNode: string;
  readonly seed: BeamSeeding;
  /** Ends `beam` and what was opened for it; the node itself may go on for the next test. */
  close(): Promise<void>;
}

export interface DnaBeamHarnessOptions {
  /** Whether texts may be evaluated on the node. */
  readonly evaluate: boolean;
  /** The test ends the VM: give it one of its own. */
  readonly mayEnd?: boolean;
}

/** Types and keys of the suite. */
export const CITY: ActorType = { namespace: "eu", moduleId: 0 };
export const SHOP: ActorType = { namespace: "eu", moduleId: 7 };
export const cityKey = (name: string): ActorKey => ({ ...CITY, name });

/** The harness of the running test, with what its parts share. */
export interface BeamSubject {
  readonly beam: DnaBeam;
  readonly node: string;
  readonly absentNode: string;
  readonly seed: BeamSeeding;
  /** Starts an actor and finds it. */
  started(name: string): Promise<BeamInstance>;
  /** @throws Error when it does not run */
  found(name: string): Promise<BeamInstance>;
  /** The result of `work`, while time passes in steps of `stepMs`. */
  whilePassing<T>(work: Promise<T>, stepMs?: number): Promise<T>;
  /** Lets time pass until `ask` is true; at most 10 s of it. */
  until(ask: () => Promise<boolean>): Promise<void>;
}

const STEP_MS = 20;
const PATIENCE_MS = 10_000;

/** @param harness the one of the running test */
export function beamSubjectOf(harness: () => DnaBeamHarness): BeamSubject {
  const found = async (name: string): Promise<BeamInstance> => {
    const instance = await harness().beam.instance(harness().node, cityKey(name));
    if (instance === null) throw new Error(`${name} does not run`);
    return instance;
  };
  return {
    get beam() {
      return harness().beam;
    },
    get node() {
      return harness().node;
    },
    get absentNode() {
      return harness().absentNode;
    },
    get seed() {
      return harness().seed;
    },
    async started(name) {
      await harness().seed.startOne(cityKey(name));
      return found(name);
    },
    found,
    async whilePassing(work, stepMs = STEP_MS) {
      let done = false;
      const settled = work.finally(() => {
        done = true;
      });
      settled.catch(() => undefined);
      while (!done) await harness().seed.pass(stepMs);
      return settled;
    },
    async until(ask) {
      for (let waitedMs = 0; waitedMs < PATIENCE_MS; waitedMs += STEP_MS) {
        if (await ask()) return;
        await harness().seed.pass(STEP_MS);
      }
      throw new Error(`it did not come about within ${PATIENCE_MS} ms`);
    },
  };
}

/** A test's way to its node: called first, once. */
export type OpenBeam = (options?: Partial<DnaBeamHarnessOptions>) => Promise<BeamSubject>;
