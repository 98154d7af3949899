"use client";
import { useEffect, useRef, useState } from "react";
import { parseInstant } from "#components/ui/format.ts";
import { useLiveFold } from "#components/ui/live.ts";
import { useTRPCClient } from "#components/ui/trpc.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import type { LiveState } from "#server/contract/live.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";
import { joinRecent, journalBegan, type RecentEvents } from "./recent-join.ts";

const PAGE_EVENTS = 200;
const FIRST_PAGES_MAX = 5;
const EVERY_MS = 4_000;
const HOUR_MS = 3_600_000;

const cursorOf = (state: LiveState): string => state.cursor;

/** The events of the last hour, read once and then followed while the feed moves; `undefined` until the first answer. */
export function useRecentEvents(): RecentEvents | undefined {
  const client = useTRPCClient();
  const cursor = useLiveFold(cursorOf);
  const latest = useRef(cursor);
  const [recent, setRecent] = useState<RecentEvents>();
  useEffect(() => {
    latest.current = cursor;
  }, [cursor]);
  const started = cursor !== undefined;
  useEffect(() => {
    if (!started) return;
    let known: RecentEvents | undefined;
    let readCursor: string | undefined;
    let timer: ReturnType<typeof setTimeout> | undefined;
    let stopped = false;
    const follow = async () => {
      const now = latest.current;
      try {
        if (known === undefined || now !== readCursor) known = joinRecent(known, await readNews(client, known));
        readCursor = now;
        if (!stopped) setRecent(known);
      } catch {
        // The bar keeps what it has, and asks again; the banner of the feed says that something is wrong.
      }
      if (!stopped) timer = setTimeout(follow, EVERY_MS);
    };
    void follow();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [client, started]);
  return recent;
}

type Client = ReturnType<typeof useTRPCClient>;

/** Newest first, from the last known event on or from an hour ago; at most a bounded number of pages. */
async function readNews(client: Client, known: RecentEvents | undefined): Promise<RecentEvents> {
  const from = Math.max(Date.now() - HOUR_MS, known?.events[0]?.observedAt ?? 0);
  const events: JournalEvent[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < FIRST_PAGES_MAX; page += 1) {
    const answer: { events: JournalEvent[]; nextCursor: string | null; horizon: string | null } =
      await client.journal.range.query({
        from: toIso(epochMs(from)),
        limit: PAGE_EVENTS,
        cursor,
      });
    events.push(...answer.events);
    cursor = answer.nextCursor;
    // Before the horizon nothing was recorded: that is not the same as nothing happened.
    if (cursor === null)
      return {
        events,
        knownFrom: Math.max(from, known?.knownFrom ?? parseInstant(answer.horizon) ?? journalBegan(events) ?? from),
      };
  }
  return { events, knownFrom: events.at(-1)?.observedAt ?? from };
}
