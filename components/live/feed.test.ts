import { beforeEach, describe, expect, it } from "vitest";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import type { LiveMessage } from "#server/contract/live.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { type ConnectionEvents, createFeed, type Feed, type FeedPorts } from "./feed.ts";

/** A browser by hand: its clock, its timers, its connections. */
interface Browser extends FeedPorts {
  readonly opened: { readonly cursor: string | null; readonly events: ConnectionEvents; closed: boolean }[];
  advance(ms: number): void;
}

function createBrowser(): Browser {
  let now = 0;
  let timers: { readonly at: number; readonly call: () => void }[] = [];
  const opened: Browser["opened"] = [];
  return {
    opened,
    now: (): EpochMs => epochMs(now),
    after(ms, call) {
      const timer = { at: now + ms, call };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    open(cursor, events) {
      const connection = { cursor, events, closed: false };
      opened.push(connection);
      return {
        close: () => {
          connection.closed = true;
        },
      };
    },
    advance(ms) {
      const end = now + ms;
      for (;;) {
        const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
        if (next === undefined) break;
        timers = timers.filter((timer) => timer !== next);
        now = next.at;
        next.call();
      }
      now = end;
    },
  };
}

const journal = { ok: true, since: epochMs(0), reason: null };
const said = (message: LiveMessage) => JSON.stringify(message);
const snapshot = said({
  type: "snapshot",
  cursor: "c0",
  folds: {},
  samples: {},
  journal,
  serverNow: epochMs(1),
  foldVersion: FOLD_VERSION,
});
const batch = (cursor: string) =>
  said({ type: "batch", cursor, events: [], samples: {}, journal, serverNow: epochMs(1) });

let browser: Browser;
let feed: Feed;
const last = () => {
  const connection = browser.opened.at(-1);
  if (connection === undefined) throw new Error("nothing was opened");
  return connection;
};
beforeEach(() => {
  browser = createBrowser();
  feed = createFeed(browser);
  feed.start();
});

describe("the one connection", () => {
  it("comes back after a second with its cursor, as often as it takes", () => {
    last().events.onMessage(snapshot);
    last().events.onMessage(batch("c7"));
    last().events.onFailed("lost");
    expect(feed.state().phase).toBe("lost");
    browser.advance(999);
    expect(browser.opened).toHaveLength(1);
    browser.advance(1);
    expect(browser.opened.map(({ cursor }) => cursor)).toEqual([null, "c7"]);
    for (let tries = 0; tries < 5; tries += 1) {
      last().events.onFailed("lost");
      browser.advance(1_000);
    }
    expect(browser.opened).toHaveLength(7);
    last().events.onMessage(batch("c8"));
    expect(feed.state()).toMatchObject({ phase: "live", live: { cursor: "c8" } });
  });

  it("is given up when nothing was heard for 12 s, also before the first message", () => {
    browser.advance(12_000);
    expect(feed.state().phase).toBe("lost");
    expect(browser.opened[0]?.closed).toBe(true);
    browser.advance(1_000);
    last().events.onMessage(snapshot);
    browser.advance(11_000);
    last().events.onMessage(batch("c1"));
    browser.advance(11_000);
    expect(feed.state().phase).toBe("live");
    browser.advance(1_000);
    expect(feed.state().phase).toBe("lost");
  });

  it("is given up for a message that is cut off, and comes back from before it", () => {
    last().events.onMessage(snapshot);
    last().events.onMessage('{"type":"batch","cur');
    expect(feed.state().phase).toBe("lost");
    browser.advance(1_000);
    expect(last().cursor).toBe("c0");
  });

  it.each(["ended", "refused"])("does not come back once it is %s, until it is started anew", (how) => {
    last().events.onMessage(snapshot);
    if (how === "ended") last().events.onMessage(said({ type: "ended", reason: "revoked" }));
    else last().events.onFailed("refused");
    expect(feed.state()).toMatchObject({ phase: "ended", live: null });
    expect(last().closed).toBe(true);
    browser.advance(60_000);
    expect(browser.opened).toHaveLength(1);
    feed.start();
    expect(browser.opened.map(({ cursor }) => cursor)).toEqual([null, null]);
    expect(feed.state().phase).toBe("connecting");
  });

  it("takes nothing from a connection that was given up", () => {
    const first = last();
    first.events.onMessage(snapshot);
    first.events.onFailed("lost");
    first.events.onMessage(batch("late"));
    first.events.onFailed("refused");
    expect(feed.state()).toMatchObject({ phase: "lost", live: { cursor: "c0" } });
  });

  it("is opened once however often it is started, let go when stopped, and goes on from its cursor", () => {
    feed.start();
    expect(browser.opened).toHaveLength(1);
    last().events.onMessage(snapshot);
    feed.stop();
    expect(last().closed).toBe(true);
    browser.advance(60_000);
    expect(browser.opened).toHaveLength(1);
    feed.start();
    expect(last().cursor).toBe("c0");
  });

  it("opens one connection when it is started while it waits to come back", () => {
    last().events.onFailed("lost");
    feed.start();
    browser.advance(5_000);
    expect(browser.opened).toHaveLength(2);
  });
});
