/** Reads what another console writes, and folds it: so the screens of one that follows are live. */
import { familyOf, type StreamName } from "#server/contract/event.ts";
import type { Journal, StreamHead } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";
import type { FoldState } from "./fold-state.ts";
import type { JournalRole } from "./journal-role.ts";
import type { SnapshotWriter } from "./snapshots.ts";

const PULL_EVERY_MS = 400;
/** Whoever writes looks, once in so many times, whether more is in the journal than was acknowledged. */
const WRITER_PULLS_EVERY = 25;

/**
 * One replica may tell of an event a moment before the others do, so a head may seem to go back for a moment. Seen so
 * many times in a row it has.
 */
const WENT_BACK_LOOKS = 10;

export interface FollowDeps {
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly state: FoldState;
  readonly snapshots: Pick<SnapshotWriter, "began">;
  readonly role: JournalRole;
  /** Folds what the journal holds behind the stream's position. */
  readonly catchUp: (stream: StreamName) => Promise<void>;
  /** In the stream's queue. */
  readonly inTurn: (stream: StreamName, act: () => Promise<void>) => Promise<void>;
}

export interface Following {
  /** Looks every 400 ms; as long as this console leads, every 10 s. */
  start(): void;
  /** Folds everything that is in the journal now. Rejects when it cannot be read, or does not follow on what is folded. */
  pull(): Promise<void>;
  stop(): Promise<void>;
}

export function followJournal(deps: FollowDeps): Following {
  const { journal, clock, log, state, snapshots, role, inTurn } = deps;
  const stopped = new AbortController();
  const seenBack = new Map<StreamName, number>();
  let running: Promise<void> = Promise.resolve();

  async function pull(patience = 1): Promise<void> {
    const heads = (await journal.heads()).filter(({ stream }) => familyOf(stream) !== null);
    await Promise.all(heads.map((head) => inTurn(head.stream, () => follow(head, patience))));
  }

  async function follow({ stream, epoch, seq, keptAfter }: StreamHead, patience: number): Promise<void> {
    const position = state.positions()[stream];
    if (position === undefined) {
      if (keptAfter !== "0") throw otherHistory(`${stream} has begun and been cut unseen`);
      state.begin(stream, { epoch, seq: "0" }, null);
      snapshots.began(stream, "0");
    } else {
      const isBack = BigInt(seq) < BigInt(position.seq);
      const looks = isBack ? (seenBack.get(stream) ?? 0) + 1 : 0;
      seenBack.set(stream, looks);
      if (isBack && looks >= patience) throw otherHistory(`${stream} ends before what is shown of it`);
      if (isBack) return;
      if (BigInt(position.seq) < BigInt(keptAfter)) throw otherHistory(`${stream} was cut behind what is shown of it`);
      state.reseat(stream, epoch);
    }
    if (BigInt(seq) > BigInt(state.positions()[stream]?.seq ?? "0")) await deps.catchUp(stream);
  }

  async function run(): Promise<void> {
    for (let turn = 1; ; turn += 1) {
      await clock.sleep(PULL_EVERY_MS, stopped.signal);
      if (role.leads() && turn % WRITER_PULLS_EVERY !== 0) continue;
      try {
        await pull(WENT_BACK_LOOKS);
        role.read(null);
      } catch (cause) {
        log[role.status()?.ok === false ? "debug" : "warn"]("live.follow.failed", { cause: messageOf(cause) });
        role.read({ cause });
      }
    }
  }

  return {
    start() {
      running = run().catch((cause: unknown) => log.debug("live.follow.ended", { cause: messageOf(cause) }));
    },
    pull: () => pull(),
    async stop() {
      stopped.abort(new OpsError("cancelled", "The recorder is stopped"));
      await running;
    },
  };
}

/** What the journal holds does not follow on what is folded: a copy was restored under this console. */
const otherHistory = (what: string) =>
  new OpsError("journal-unavailable", `The journal is another than the one shown: ${what}. Restart this console`);
