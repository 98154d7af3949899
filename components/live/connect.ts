/** A tab's way to the feed: through the shared worker, or by itself where there is none. */
import { epochMs } from "#server/kernel/clock.ts";
import { type FeedState, initialFeed } from "./feed-state.ts";
import { onLeaving } from "./on-leaving.ts";
import { HERE_EVERY_MS, type TabMessage, type WorkerMessage, withNews } from "./tab-messages.ts";

/** A worker that has not answered a greeting by then is not there. */
const HELLO_TIMEOUT_MS = 5_000;

const nowHere = () => epochMs(Date.now());

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
  let state = initialFeed(nowHere());
  const say = (kind: TabMessage["kind"]) => port.postMessage({ kind } satisfies TabMessage);
  const unanswered = setTimeout(onAbsent, HELLO_TIMEOUT_MS);
  port.onmessage = ({ data }: MessageEvent<WorkerMessage>) => {
    clearTimeout(unanswered);
    state = withNews(state, data);
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

/** The feed's own code, folds included, is fetched only here: with a worker, no tab needs it. */
function connectAlone(onState: (state: FeedState) => void): () => void {
  let left = false;
  let leave = () => {};
  import("./connect-alone.ts")
    .then((module) => {
      if (!left) leave = module.connectAlone(onState);
    })
    .catch(() => {
      if (!left)
        onState({
          ...initialFeed(nowHere()),
          phase: "ended",
          reason: "Its code cannot be fetched: load the page again.",
        });
    });
  return () => {
    left = true;
    leave();
  };
}
