/** The feed's ports in a browser, in a tab and in a shared worker alike. */
import { epochMs } from "#server/kernel/clock.ts";
import type { Connection, ConnectionEvents, FeedPorts } from "./feed.ts";

const FEED_PATH = "/api/live";
const PROBE_TIMEOUT_MS = 5_000;

export const browserPorts: FeedPorts = {
  now: () => epochMs(Date.now()),
  after(ms, call) {
    const timer = setTimeout(call, ms);
    return () => clearTimeout(timer);
  },
  open: openEventSource,
};

function openEventSource(cursor: string | null, events: ConnectionEvents): Connection {
  const address = new URL(FEED_PATH, location.origin);
  if (cursor !== null) address.searchParams.set("cursor", cursor);
  const source = new EventSource(address);
  source.onmessage = (event) => events.onMessage(String(event.data));
  source.onerror = () => {
    // An answer that is no stream closes it; anything else is a connection that failed. Reconnecting is ours.
    const answered = source.readyState === EventSource.CLOSED;
    source.close();
    if (!answered) return events.onFailed("lost");
    void isRefused(address).then((refused) => events.onFailed(refused ? "refused" : "lost"));
  };
  return { close: () => source.close() };
}

/** An event source does not tell the status it was answered with. */
async function isRefused(address: URL): Promise<boolean> {
  const enough = new AbortController();
  const timer = setTimeout(() => enough.abort(), PROBE_TIMEOUT_MS);
  try {
    const answer = await fetch(address, { cache: "no-store", signal: enough.signal });
    return answer.status === 401 || answer.status === 403;
  } catch {
    // No answer is no refusal: the feed is tried again.
    return false;
  } finally {
    clearTimeout(timer);
    enough.abort();
  }
}
