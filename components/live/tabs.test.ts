import { beforeEach, describe, expect, it } from "vitest";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import type { LiveMessage } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { type ConnectionEvents, createFeed } from "./feed.ts";
import { type FeedState, initialFeed } from "./feed-state.ts";
import { type WorkerMessage, withNews } from "./tab-messages.ts";
import { createTabs, GONE_AFTER_MS, type TabPort, type Tabs } from "./tabs.ts";

const journal = { ok: true, since: epochMs(0), reason: null };
const snapshot: LiveMessage = {
  type: "snapshot",
  cursor: "c0",
  folds: {},
  samples: {},
  journal,
  serverNow: epochMs(1),
  foldVersion: FOLD_VERSION,
};
const batch = (cursor: string): LiveMessage => ({
  type: "batch",
  cursor,
  events: [],
  samples: {},
  journal,
  serverNow: epochMs(1),
});

let tabs: Tabs;
let open: { readonly cursor: string | null; readonly events: ConnectionEvents }[];
let closed: number;
const say = (message: LiveMessage) => open.at(-1)?.events.onMessage(JSON.stringify(message));

beforeEach(() => {
  open = [];
  closed = 0;
  const feed = createFeed({
    now: () => epochMs(0),
    after: () => () => {},
    open(cursor, events) {
      open.push({ cursor, events });
      return {
        close: () => {
          closed += 1;
        },
      };
    },
  });
  tabs = createTabs(feed);
});

/** A tab that does what a page does with what it is told. */
function createTab(): TabPort & { state(): FeedState; told: number } {
  let state = initialFeed(epochMs(0));
  const tab = {
    told: 0,
    state: () => state,
    post(message: WorkerMessage) {
      tab.told += 1;
      state = withNews(state, structuredClone(message));
    },
  };
  return tab;
}

describe("tabs of one worker", () => {
  it("share one connection, and have the same state whenever they came", () => {
    const [one, two] = [createTab(), createTab()];
    tabs.heard(one, { kind: "hello" }, 0);
    say(snapshot);
    say(batch("c1"));
    tabs.heard(two, { kind: "hello" }, 0);
    expect(two.state()).toEqual(one.state());
    say(batch("c2"));
    expect(one.state().live?.cursor).toBe("c2");
    expect(two.state()).toEqual(one.state());
    expect(open).toHaveLength(1);
  });

  it("hold the connection until the last says goodbye, and go on from the cursor", () => {
    const [one, two] = [createTab(), createTab()];
    tabs.heard(one, { kind: "hello" }, 0);
    tabs.heard(two, { kind: "hello" }, 0);
    say(snapshot);
    tabs.heard(one, { kind: "bye" }, 0);
    expect(closed).toBe(0);
    tabs.heard(two, { kind: "bye" }, 0);
    expect(closed).toBe(1);
    tabs.heard(one, { kind: "hello" }, 0);
    expect(open.map(({ cursor }) => cursor)).toEqual([null, "c0"]);
  });

  it("are dropped when they went without a word, and told everything anew when they speak again", () => {
    const [gone, here] = [createTab(), createTab()];
    tabs.heard(gone, { kind: "hello" }, 0);
    tabs.heard(here, { kind: "hello" }, 0);
    say(snapshot);
    tabs.heard(here, { kind: "here" }, GONE_AFTER_MS);
    tabs.sweep(GONE_AFTER_MS + 1);
    expect(tabs.count()).toBe(1);
    say(batch("c1"));
    expect(gone.state().live?.cursor).toBe("c0");
    tabs.heard(gone, { kind: "here" }, GONE_AFTER_MS + 2);
    expect(gone.state()).toEqual(here.state());
  });

  it("are all told when the feed is ended", () => {
    const [one, two] = [createTab(), createTab()];
    tabs.heard(one, { kind: "hello" }, 0);
    tabs.heard(two, { kind: "hello" }, 0);
    say(snapshot);
    say({ type: "ended", reason: "logged out" });
    expect([one, two].map((tab) => tab.state())).toMatchObject([
      { phase: "ended", live: null },
      { phase: "ended", live: null },
    ]);
  });

  it("that were left with an end are told that it begins anew, when another comes", () => {
    const [one, two] = [createTab(), createTab()];
    tabs.heard(one, { kind: "hello" }, 0);
    say(snapshot);
    say({ type: "ended", reason: "logged out" });
    tabs.heard(two, { kind: "hello" }, 0);
    expect(one.state()).toEqual(two.state());
    say(snapshot);
    expect(one.state()).toMatchObject({ phase: "live", live: { cursor: "c0" } });
    expect(two.state()).toEqual(one.state());
  });

  it("are told nothing when nothing has changed", () => {
    const tab = createTab();
    tabs.heard(tab, { kind: "hello" }, 0);
    say(snapshot);
    say(batch("c1"));
    const { told } = tab;
    say(batch("c1"));
    expect(tab.told).toBe(told);
  });
});
