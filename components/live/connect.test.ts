// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FOLD_VERSION } from "#server/contract/fold/fold.ts";
import type { LiveMessage } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import { connectLive } from "./connect.ts";
import { stepFeed } from "./feed-core.ts";
import { type FeedState, initialFeed } from "./feed-state.ts";
import { changeBetween } from "./state-diff.ts";
import type { TabMessage, WorkerMessage } from "./tab-messages.ts";

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
const live = stepFeed(initialFeed(epochMs(0)), { kind: "message", message: snapshot, at: epochMs(0) });

class FakeWorker {
  static readonly made: FakeWorker[] = [];
  readonly said: TabMessage["kind"][] = [];
  readonly name: string;
  onerror: (() => void) | null = null;
  closed = false;
  readonly port = {
    onmessage: null as ((event: { data: WorkerMessage }) => void) | null,
    postMessage: ({ kind }: TabMessage) => void this.said.push(kind),
    close: () => {
      this.closed = true;
    },
  };
  constructor(_address: URL, { name }: { readonly name: string }) {
    this.name = name;
    FakeWorker.made.push(this);
  }
  tell(data: WorkerMessage) {
    this.port.onmessage?.({ data });
  }
}

class FakeSource {
  static readonly CLOSED = 2;
  static readonly made: FakeSource[] = [];
  readonly address: string;
  readyState = 1;
  onmessage: ((event: { data: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  constructor(address: URL) {
    this.address = String(address);
    FakeSource.made.push(this);
  }
  close() {
    this.readyState = FakeSource.CLOSED;
  }
  fail(readyState: number) {
    this.readyState = readyState;
    this.onerror?.();
  }
}

const newest = <T>(made: readonly T[]): T => {
  const last = made.at(-1);
  if (last === undefined) throw new Error("nothing was made");
  return last;
};

let states: FeedState[];
let leave: () => void;
const connect = () => {
  leave = connectLive("worldline live b ann", (state) => states.push(state));
};

beforeEach(() => {
  vi.useFakeTimers();
  states = [];
  leave = () => {};
  FakeWorker.made.length = 0;
  FakeSource.made.length = 0;
  vi.stubGlobal("SharedWorker", FakeWorker);
  vi.stubGlobal("EventSource", FakeSource);
});
afterEach(() => {
  leave();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

describe("a tab with a shared worker", () => {
  it("opens no connection of its own, greets, and follows the worker's state", () => {
    connect();
    const worker = newest(FakeWorker.made);
    expect(worker.name).toBe("worldline live b ann");
    expect(worker.said).toEqual(["hello"]);
    worker.tell({ kind: "state", state: live });
    const change = changeBetween(live, stepFeed(live, { kind: "lost", at: epochMs(9) }));
    if (change === null) throw new Error("nothing has changed");
    worker.tell({ kind: "change", change });
    expect(states.map(({ phase }) => phase)).toEqual(["live", "lost"]);
    expect(states.at(-1)?.live).toBe(live.live);
    vi.advanceTimersByTime(60_000);
    expect(worker.said).toEqual(["hello", "here", "here"]);
    expect(FakeSource.made).toEqual([]);
  });

  it("says goodbye when the page is left, greets when it comes back, and goodbye at the end", () => {
    connect();
    const worker = newest(FakeWorker.made);
    dispatchEvent(new Event("pagehide"));
    dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    leave();
    expect(worker.said).toEqual(["hello", "bye", "hello", "bye"]);
    expect(worker.closed).toBe(true);
    dispatchEvent(new Event("pagehide"));
    expect(worker.said).toHaveLength(4);
  });

  it.each<[string, (worker: FakeWorker) => void]>([
    ["does not answer", () => vi.advanceTimersByTime(5_000)],
    ["cannot be loaded", (worker) => worker.onerror?.()],
  ])("goes on by itself when the worker %s", async (_, fail) => {
    connect();
    fail(newest(FakeWorker.made));
    await vi.dynamicImportSettled();
    expect(FakeSource.made).toHaveLength(1);
    newest(FakeSource.made).onmessage?.({ data: JSON.stringify(snapshot) });
    expect(states.at(-1)?.phase).toBe("live");
    leave();
    expect(newest(FakeSource.made).readyState).toBe(FakeSource.CLOSED);
  });
});

describe("a tab without one", () => {
  beforeEach(() => {
    vi.stubGlobal("SharedWorker", undefined);
    vi.stubGlobal("fetch", vi.fn());
  });
  const connectAlone = async () => {
    connect();
    await vi.dynamicImportSettled();
  };
  const status = (code: number) => vi.mocked(fetch).mockResolvedValue(new Response(null, { status: code }));

  it("has its own connection, given up while the page is left", async () => {
    await connectAlone();
    newest(FakeSource.made).onmessage?.({ data: JSON.stringify(snapshot) });
    dispatchEvent(new Event("pagehide"));
    expect(newest(FakeSource.made).readyState).toBe(FakeSource.CLOSED);
    dispatchEvent(Object.assign(new Event("pageshow"), { persisted: true }));
    expect(FakeSource.made).toHaveLength(2);
    expect(newest(FakeSource.made).address).toMatch(/\/api\/live\?cursor=c0$/);
  });

  it("comes back by itself from a connection that failed, without asking anything", async () => {
    await connectAlone();
    newest(FakeSource.made).onmessage?.({ data: JSON.stringify(snapshot) });
    newest(FakeSource.made).fail(0);
    expect(states.at(-1)?.phase).toBe("lost");
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSource.made).toHaveLength(2);
    expect(fetch).not.toHaveBeenCalled();
  });

  it.each([
    [401, "ended", 1],
    [403, "ended", 1],
    [429, "lost", 2],
    [503, "lost", 2],
  ])("takes an answer of %i for %s", async (code, phase, opened) => {
    status(code);
    await connectAlone();
    newest(FakeSource.made).fail(FakeSource.CLOSED);
    await vi.advanceTimersByTimeAsync(1_100);
    expect(states.at(-1)?.phase).toBe(phase);
    expect(FakeSource.made).toHaveLength(opened);
  });

  it("takes no answer to the question for a lost connection", async () => {
    vi.mocked(fetch).mockRejectedValue(new TypeError("no network"));
    await connectAlone();
    newest(FakeSource.made).fail(FakeSource.CLOSED);
    await vi.advanceTimersByTimeAsync(10);
    expect(states.at(-1)?.phase).toBe("lost");
  });

  it("opens nothing when it is left before its code has come", async () => {
    connect();
    leave();
    await vi.dynamicImportSettled();
    expect(FakeSource.made).toEqual([]);
  });
});
