/** The tabs that share one feed: each is told the present state, then what changes in it. */
import type { Feed } from "./feed.ts";
import { changeBetween } from "./state-diff.ts";
import type { TabMessage, WorkerMessage } from "./tab-messages.ts";

/** The silence after which a tab is taken for gone (hidden tabs speak once a minute). */
export const GONE_AFTER_MS = 150_000;

export interface TabPort {
  post(message: WorkerMessage): void;
}

export interface Tabs {
  /** To be called with everything that a tab says. */
  heard(port: TabPort, message: TabMessage, now: number): void;
  /** Drops tabs that went without a word. */
  sweep(now: number): void;
  count(): number;
}

/** The connection is held while there is a tab; a tab that was dropped and speaks again is told the state anew. */
export function createTabs(feed: Feed): Tabs {
  const heardAt = new Map<TabPort, number>();
  /** What every tab has. */
  let told = feed.state();

  function tellNews(): void {
    const change = changeBetween(told, feed.state());
    told = feed.state();
    if (change === null) return;
    for (const port of heardAt.keys()) port.post({ kind: "change", change });
  }
  feed.onInput(tellNews);

  function welcome(port: TabPort, now: number): void {
    feed.start();
    tellNews();
    heardAt.set(port, now);
    port.post({ kind: "state", state: told });
  }

  function leave(port: TabPort): void {
    heardAt.delete(port);
    if (heardAt.size === 0) feed.stop();
  }

  return {
    heard(port, message, now) {
      if (message.kind === "bye") return leave(port);
      if (message.kind === "hello" || !heardAt.has(port)) welcome(port, now);
      else heardAt.set(port, now);
    },
    sweep(now) {
      for (const [port, at] of heardAt) if (now - at > GONE_AFTER_MS) leave(port);
    },
    count: () => heardAt.size,
  };
}
