/** A tab's way to the feed: through the shared worker, or by itself where there is none. */
import { browserPorts } from "./browser-ports.ts";
import { createFeed } from "./feed.ts";
import { type FeedState, initialFeed, stepFeed } from "./feed-core.ts";
import { HERE_EVERY_MS, type TabMessage, type WorkerMessage } from "./tabs.ts";

/** A worker that has not answered a greeting by then is not there. */
const HELLO_TIMEOUT_MS = 5_000;

/** Calls back with every new state; answers the way to leave. */
export type Connect = (name: string, onState: (state: FeedState) => void) => () => void;

/** @param name of the worker: tabs of the same login and the same build share one */
export const connectLive: Connect = (name, onState) => {
  const worker = openWorker(name);
  if (worker === null) return connectAlone(onState);
  let leave = throughWorker(worker, onState, () => {
    leave();
    leave = connectAlone(onState);
  });
  return () => leave();
};

function openWorker(name: string): SharedWorker | null {
  if (typeof SharedWorker === "undefined") return null;
  try {
    return new SharedWorker(new URL("./live.worker.ts", import.meta.url), { type: "module", name });
  } catch {
    // Forbidden here (some private modes): a tab by itself works too.
    return null;
  }
}

function throughWorker(worker: SharedWorker, onState: (state: FeedState) => void, onAbsent: () => void): () => void {
  const { port } = worker;
  let state = initialFeed(browserPorts.now());
  const say = (kind: TabMessage["kind"]) => port.postMessage({ kind } satisfies TabMessage);
  const unanswered = setTimeout(onAbsent, HELLO_TIMEOUT_MS);
  port.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
    clearTimeout(unanswered);
    state = data.kind === "state" ? data.state : stepFeed(state, data.input);
    onState(state);
  };
  worker.onerror = onAbsent;
  const here = setInterval(() => say("here"), HERE_EVERY_MS);
  const stopLeaving = onLeaving(
    () => say("bye"),
    () => say("hello"),
  );
  say("hello");
  return () => {
    clearTimeout(unanswered);
    clearInterval(here);
    stopLeaving();
    worker.onerror = null;
    port.onmessage = null;
    say("bye");
    port.close();
  };
}

function connectAlone(onState: (state: FeedState) => void): () => void {
  const feed = createFeed(browserPorts);
  const tell = () => onState(feed.state());
  const stopHearing = feed.onInput(tell);
  const stopLeaving = onLeaving(feed.stop, feed.start);
  feed.start();
  tell();
  return () => {
    stopHearing();
    stopLeaving();
    feed.stop();
  };
}

/** A page that is left may be kept, frozen, for the way back: it must not hold the feed meanwhile. */
function onLeaving(leave: () => void, back: () => void): () => void {
  const onShow = (event: PageTransitionEvent) => {
    if (event.persisted) back();
  };
  addEventListener("pagehide", leave);
  addEventListener("pageshow", onShow);
  return () => {
    removeEventListener("pagehide", leave);
    removeEventListener("pageshow", onShow);
  };
}
