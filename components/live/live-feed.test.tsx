// @vitest-environment happy-dom
import { QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { act, cleanup, render, screen } from "@testing-library/react";
import { StrictMode } from "react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { FOLD_VERSION, type Folds } from "#server/contract/fold/fold.ts";
import type { LiveMessage, LiveState } from "#server/contract/live.ts";
import { epochMs } from "#server/kernel/clock.ts";
import type { Connect } from "./connect.ts";
import { stepFeed } from "./feed-core.ts";
import { type FeedState, initialFeed } from "./feed-state.ts";
import { LIVE_KEY } from "./live-cache.ts";
import { LiveFeed } from "./live-feed.tsx";
import { useFold, useLive, useNow } from "./use-live.ts";

const journal = { ok: true, since: epochMs(0), reason: null };
const SERVER_AHEAD_MS = 3_600_000;

let cache: QueryClient;
let state: FeedState;
let told: (state: FeedState) => void;
let names: string[];
let left: number;
const connect: Connect = (name, onState) => {
  names.push(name);
  told = onState;
  return () => {
    left += 1;
  };
};

beforeEach(() => {
  vi.useFakeTimers({ now: 1_795_300_000_000 });
  cache = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  state = initialFeed(epochMs(Date.now()));
  names = [];
  left = 0;
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const serverNow = () => epochMs(Date.now() + SERVER_AHEAD_MS);
/** Takes effect as in a browser: React Query tells its readers in a later task. */
const settle = () => act(() => vi.advanceTimersByTimeAsync(1));
async function hear(message: LiveMessage) {
  state = stepFeed(state, { kind: "message", message, at: epochMs(Date.now()) });
  told(state);
  await settle();
}
const operatorWith = (jobs: object): Folds => ({
  operator: { family: "operator", operations: [], jobs, acknowledgements: {} } as never,
});
const snapshot = (folds: Folds): LiveMessage => ({
  type: "snapshot",
  cursor: "c0",
  folds,
  samples: {},
  journal,
  serverNow: serverNow(),
  foldVersion: FOLD_VERSION,
});
const pulse = (cursor: string): LiveMessage => ({
  type: "batch",
  cursor,
  events: [],
  samples: {},
  journal,
  serverNow: serverNow(),
});

let drawn: Record<string, number>;
const count = (name: string) => {
  drawn[name] = (drawn[name] ?? 0) + 1;
};
const jobNames = (live: LiveState) =>
  Object.keys(live.folds.operator?.family === "operator" ? live.folds.operator.jobs : {});

function Jobs() {
  count("jobs");
  return <p>jobs: {useFold(jobNames)?.join() ?? "not known"}</p>;
}
function Cursor() {
  count("cursor");
  return <p>cursor: {useFold((live) => live.cursor) ?? "none"}</p>;
}
function Status() {
  count("status");
  const { phase, reason, since } = useLive();
  return (
    <p>
      status: {phase} {reason} {since}
    </p>
  );
}
function Now() {
  const now = useNow();
  return <p>now: {now ?? "unknown"}</p>;
}

function page(children: React.ReactNode, session: string | null = "ann.admin") {
  drawn = {};
  return render(
    <QueryClientProvider client={cache}>
      <LiveFeed session={session} build="b1" connect={connect} />
      {children}
    </QueryClientProvider>,
  );
}

describe("live feed in a page", () => {
  it("is connected under a name of login and build, and left when it is taken off", () => {
    const { unmount } = page(null);
    expect(names).toEqual(["worldline live b1 ann.admin"]);
    unmount();
    expect(left).toBe(1);
  });

  it("is not connected while nobody is logged in", () => {
    page(null, null);
    expect(names).toEqual([]);
  });

  it("puts the state into the cache and redraws only what changed by value", async () => {
    page([<Jobs key="j" />, <Cursor key="c" />, <Status key="s" />]);
    expect(screen.getByText("jobs: not known")).toBeTruthy();
    await hear(snapshot(operatorWith({ a: {} })));
    expect(screen.getByText("jobs: a")).toBeTruthy();
    expect(cache.getQueryData<LiveState>(LIVE_KEY)).toBe(state.live);
    const before = { ...drawn };
    await hear(pulse("c1"));
    expect(screen.getByText("cursor: c1")).toBeTruthy();
    expect(drawn).toEqual({ ...before, cursor: (before.cursor ?? 0) + 1 });
  });

  it("keeps what is shown while the feed is lost, and says since when by the server's clock", async () => {
    page([<Jobs key="j" />, <Status key="s" />]);
    await hear(snapshot(operatorWith({ a: {} })));
    const at = epochMs(Date.now());
    state = stepFeed(state, { kind: "lost", at });
    told(state);
    await settle();
    expect(screen.getByText("jobs: a")).toBeTruthy();
    expect(screen.getByText(new RegExp(`status: lost ${at + SERVER_AHEAD_MS}`))).toBeTruthy();
  });

  it("clears everything that was read when the feed has ended", async () => {
    const read = vi.fn(async () => `secret ${read.mock.calls.length}`);
    function Secret() {
      const { data } = useQuery({ queryKey: ["plans"], queryFn: read, staleTime: Number.POSITIVE_INFINITY });
      return <p>data: {data ?? "none"}</p>;
    }
    cache.setQueryData(["a page that was left"], "secret");
    page([<Jobs key="j" />, <Secret key="p" />, <Status key="s" />]);
    await hear(snapshot(operatorWith({ a: {} })));
    expect(screen.getByText("data: secret 1")).toBeTruthy();
    read.mockImplementation(() => Promise.reject(new Error("401")));
    await hear({ type: "ended", reason: "logged out" });
    await settle();
    expect(screen.getByText("jobs: not known")).toBeTruthy();
    expect(screen.getByText("data: none")).toBeTruthy();
    expect(screen.getByText(/status: ended logged out/)).toBeTruthy();
    expect(cache.getQueryData(["a page that was left"])).toBeUndefined();
    expect(
      JSON.stringify(
        cache
          .getQueryCache()
          .getAll()
          .map((query) => query.state.data),
      ),
    ).not.toContain("secret");
  });

  it("tells the server's time, once a second, and at once when the clocks turn out to differ", async () => {
    page(<Now />);
    await settle();
    const start = Date.now();
    expect(screen.getByText(`now: ${start - 1}`)).toBeTruthy();
    await hear(snapshot({}));
    expect(screen.getByText(`now: ${start + SERVER_AHEAD_MS}`)).toBeTruthy();
    await act(() => vi.advanceTimersByTimeAsync(1_000));
    expect(screen.getByText(`now: ${start - 1 + 1_000 + SERVER_AHEAD_MS}`)).toBeTruthy();
  });

  it("is connected once in the end when React mounts everything twice", () => {
    render(
      <StrictMode>
        <QueryClientProvider client={cache}>
          <LiveFeed session="ann" build="b" connect={connect} />
        </QueryClientProvider>
      </StrictMode>,
    );
    expect(names.length - left).toBe(1);
  });
});
