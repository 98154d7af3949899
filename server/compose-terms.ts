import type { WriterRole } from "#server/journal/ports.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { Logger } from "#server/kernel/logger.ts";

/** While the journal cannot be read one cannot begin to write it. */
const RETRY_MS = 1_000;

/** What is built for as long as this console writes the journal, or follows it; thrown away whole at a change. */
export interface Term<TServices> {
  readonly services: TServices;
  /**
   * Readers, jobs, client worlds, retention: whatever acts on its own. Resolves when all of it has ended. The signal's
   * reason is `refused` when another console acts in its place already.
   */
  run(signal: AbortSignal): Promise<void>;
  /** Ends the rest, after `run` has. */
  end(): Promise<void>;
}

export interface Terms<TServices> {
  /** Those of the latest term. */
  services(): TServices;
  /** Begins to act, where this console writes, and to mind changes. */
  start(): void;
  stop(): Promise<void>;
}

export interface TermsDeps<TServices> {
  readonly role: WriterRole;
  /** Builds, and touches nothing yet. */
  readonly open: () => Term<TServices>;
  /** Catches up before a term that writes; rejects when that cannot be done now. */
  readonly lead: () => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Running<TServices> {
  readonly term: Term<TServices>;
  readonly writes: boolean;
  readonly abort: AbortController;
  /** `null` = not begun. */
  ended: Promise<void> | null;
}

/**
 * One term after the other, each for one role. A role that is lost ends everything that acts at once; whatever was under
 * way is refused by the journal anyhow. A role that is won begins anew from what the journal holds.
 */
export function createTerms<TServices>({ role, open, lead, clock, log }: TermsDeps<TServices>): Terms<TServices> {
  const stopping = new AbortController();
  let latest = prepare(shouldWrite());
  let settling: Promise<void> = Promise.resolve();
  let unlisten = () => {};

  function shouldWrite(): boolean {
    return role.state().role === "writer";
  }

  function prepare(writes: boolean): Running<TServices> {
    return { term: open(), writes, abort: new AbortController(), ended: null };
  }

  function launch(running: Running<TServices>): void {
    const { term, writes, abort } = running;
    if (running.ended !== null || abort.signal.aborted) return;
    const ran = writes ? term.run(abort.signal) : Promise.resolve();
    running.ended = ran.catch((cause: unknown) => {
      if (!abort.signal.aborted) log.error("console.background-failed", { cause });
    });
  }

  async function end({ term, abort, ended }: Running<TServices>): Promise<void> {
    abort.abort(new OpsError("cancelled", "The console's part in the journal has changed"));
    await ended;
    await term.end();
  }

  const isFit = () => latest.writes === shouldWrite() && !latest.abort.signal.aborted;

  async function settle(): Promise<void> {
    while (!stopping.signal.aborted && !(isFit() && latest.ended !== null)) {
      try {
        await step(shouldWrite());
      } catch (cause) {
        log.warn("console.role_change_failed", { role: role.state(), cause });
        await clock.sleep(RETRY_MS, stopping.signal).catch(() => undefined);
      }
    }
  }

  /** What asks meanwhile is answered by the term before. */
  async function step(toWriter: boolean): Promise<void> {
    if (toWriter) await lead();
    if (stopping.signal.aborted || toWriter !== shouldWrite()) return;
    if (!isFit()) {
      const before = latest;
      latest = prepare(toWriter);
      log.info(toWriter ? "console.writes" : "console.follows", { role: role.state() });
      await end(before);
    }
    launch(latest);
  }

  function onChange(): void {
    if (!shouldWrite() && latest.writes) {
      latest.abort.abort(new OpsError("refused", "Another console writes the journal now"));
    }
    settling = settling.then(settle);
  }

  return {
    services: () => latest.term.services,
    start() {
      unlisten = role.onChange(onChange);
      onChange();
    },
    async stop() {
      unlisten();
      stopping.abort(new OpsError("cancelled", "The console stops"));
      latest.abort.abort(stopping.signal.reason);
      await settling;
      await end(latest);
    },
  };
}
