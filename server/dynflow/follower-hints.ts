import type { Logger } from "#server/kernel/logger.ts";
import type { DynflowStore } from "./ports.ts";

/** Listens on the channels of all known worlds. What it hears is a reason to look, never news in itself. */
export interface HintListener {
  /** Listens to exactly these worlds from now on. Never throws: without hints the follower only sees later. */
  listenTo(worldIds: readonly string[]): Promise<void>;
  close(): Promise<void>;
}

export function createHintListener(options: {
  readonly store: Pick<DynflowStore, "hints">;
  readonly log: Logger;
  readonly onHint: () => void;
}): HintListener {
  const { store, log, onHint } = options;
  let heard: readonly string[] | null = null;
  let end: (() => Promise<void>) | null = null;
  let generation = 0;

  async function stop(): Promise<void> {
    generation += 1;
    const stopping = end;
    end = null;
    heard = null;
    await stopping?.().catch((cause: unknown) => log.warn("dynflow.hints.end_failed", { cause }));
  }

  return {
    async listenTo(worldIds) {
      const wanted = worldIds.toSorted();
      if (heard !== null && heard.join() === wanted.join()) return;
      await stop();
      if (wanted.length === 0) return;
      generation += 1;
      const mine = generation;
      const lost = (cause: unknown) => {
        if (mine !== generation) return;
        log.info("dynflow.hints.lost", { cause });
        end = null;
        heard = null;
      };
      heard = wanted;
      try {
        end = await store.hints(wanted, onHint, lost);
      } catch (cause) {
        lost(cause);
      }
    },
    close: stop,
  };
}
