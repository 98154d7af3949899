/** A tab that holds the feed by itself. */
import { browserPorts } from "./browser-ports.ts";
import { createFeed } from "./feed.ts";
import type { FeedState } from "./feed-state.ts";
import { onLeaving } from "./on-leaving.ts";

/** Calls back with every new state; answers the way to leave. */
export function connectAlone(onState: (state: FeedState) => void): () => void {
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
