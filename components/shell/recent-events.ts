"use client";
import { useEffect, useRef, useState } from "react";
import { useFold } from "#components/ui/live.ts";
import { useTRPCClient } from "#components/ui/trpc.ts";
import type { JournalEvent } from "#server/contract/event.ts";
import { epochMs, toIso } from "#server/kernel/clock.ts";

const PAGE_EVENTS = 200;
const FIRST_PAGES_MAX = 3;
const EVERY_MS = 5_000;
const HOUR_MS = 3_600_000;
const KEPT_MAX = 2_000;

export interface RecentEvents {
  /** Newest first. */
  readonly events: readonly JournalEvent[];
  /** Before this instant nothing was asked for: not empty, not known. */
  readonly knownFrom: number;
}

/** The events of the last hour, read once and then followed; `undefined` until the first answer. */
export function useRecentEvents(): RecentEvents | undefined {
  const client = useTRPCClient();
  const cursor = useFold((state) => state.cursor);
  const [recent, setRecent] = useState<RecentEvents>();
  const busy = useRef(false);
  const readAt = useRef(Number.NEGATIVE_INFINITY);
  const [wake, setWake] = useState(0);

  // biome-ignore lint/correctness/useExhaustiveDependencies: a new cursor says that there is something to read
  useEffect(() => {
    const waitMs = readAt.current + EVERY_MS - performance.now();
    if (waitMs > 0) {
      const timer = setTimeout(() => setWake((count) => count + 1), waitMs);
      return () => clearTimeout(timer);
    }
    if (busy.current) return;
    busy.current = true;
    readAt.current = performance.now();
    let stopped = false;
    const newest = recent?.events[0]?.observedAt;
    const from = Math.max(Date.now() - HOUR_MS, newest ?? 0);
    readFrom(client, from, recent === undefined ? FIRST_PAGES_MAX : 1)
      .then((read) => {
        if (!stopped) setRecent((before) => joined(before, read));
      })
      // The bar keeps what it has; its hatching says from when on nothing was heard.
      .catch(() => setRecent((before) => before))
      .finally(() => {
        busy.current = false;
      });
    return () => {
      stopped = true;
    };
  }, [client, cursor, wake]);
  return recent;
}

type Client = ReturnType<typeof useTRPCClient>;

async function readFrom(client: Client, from: number, pagesMax: number): Promise<RecentEvents> {
  const events: JournalEvent[] = [];
  let cursor: string | null = null;
  for (let page = 0; page < pagesMax; page += 1) {
    const answer: { events: JournalEvent[]; nextCursor: string | null } = await client.journal.range.query({
      from: toIso(epochMs(from)),
      limit: PAGE_EVENTS,
      cursor,
    });
    events.push(...answer.events);
    cursor = answer.nextCursor;
    if (cursor === null) return { events, knownFrom: from };
  }
  return { events, knownFrom: events.at(-1)?.observedAt ?? from };
}

function joined(before: RecentEvents | undefined, read: RecentEvents): RecentEvents {
  if (before === undefined) return read;
  const known = new Set(before.events.map(({ id }) => id));
  const added = read.events.filter(({ id }) => !known.has(id));
  if (added.length === 0) return before;
  const events = [...added, ...before.events].slice(0, KEPT_MAX);
  const cut = events.length === KEPT_MAX ? (events.at(-1)?.observedAt ?? 0) : 0;
  return { events, knownFrom: Math.max(before.knownFrom, cut) };
}
