/** The tabs that share one feed: each is told the present state, then every input. */
import type { Feed } from "./feed.ts";
import type { FeedInput, FeedState } from "./feed-core.ts";

export type TabMessage = { readonly kind: "hello" } | { readonly kind: "here" } | { readonly kind: "bye" };
export type WorkerMessage =
  | { readonly kind: "state"; readonly state: FeedState }
  | { readonly kind: "input"; readonly input: FeedInput };

/** How often a tab says that it is there, and after which silence it is taken for gone (hidden tabs speak once a minute). */
export const HERE_EVERY_MS = 30_000;
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
  feed.onInput((input) => {
    for (const port of heardAt.keys()) port.post({ kind: "input", input });
  });

  function welcome(port: TabPort): void {
    feed.start();
    port.post({ kind: "state", state: feed.state() });
  }

  function leave(port: TabPort): void {
    heardAt.delete(port);
    if (heardAt.size === 0) feed.stop();
  }

  return {
    heard(port, message, now) {
      if (message.kind === "bye") return leave(port);
      const isNew = !heardAt.has(port);
      heardAt.set(port, now);
      if (isNew || message.kind === "hello") welcome(port);
    },
    sweep(now) {
      for (const [port, at] of heardAt) if (now - at > GONE_AFTER_MS) leave(port);
    },
    count: () => heardAt.size,
  };
}
