"use client";
import { useQuery } from "@tanstack/react-query";
import type { LiveState } from "#server/contract/live.ts";
import { journalRefusal } from "#server/contract/view/journal-status.ts";
import type { SessionOutput } from "#server/contract/wire/session.ts";
import type { Permission } from "#server/trpc/app-router.ts";
import { NOT_LIVE, useIsPast } from "./instants.ts";
import { useLive, useLiveFold } from "./live.ts";
import { readOnlyText, useReadOnly } from "./read-only.ts";
import { useTRPC } from "./trpc.ts";

const SESSION_EVERY_MS = 30_000;

/** Who is logged in and what this console is; `undefined` until it is known. */
export function useSession(): SessionOutput | undefined {
  const trpc = useTRPC();
  return useQuery(
    trpc.session.get.queryOptions(undefined, { refetchInterval: SESSION_EVERY_MS, staleTime: SESSION_EVERY_MS }),
  ).data;
}

/** Whether whoever looks holds the permission at all; `true` until it is known. */
export function usePermitted(permission: Permission): boolean {
  return useSession()?.permissions.includes(permission) ?? true;
}

const journalOf = (state: LiveState) => state.journal;

/**
 * Why this action is not possible for whoever looks, or `null` when it is. The server asks the same question again;
 * this one only draws the button.
 *
 * @param other a reason of the thing itself, said when permission is not what is missing
 */
export function useRefusal(permission: Permission, other: string | null = null): string | null {
  const session = useSession();
  const journal = useLiveFold(journalOf);
  const readOnly = useReadOnly();
  const past = useIsPast();
  const { phase } = useLive();
  if (session === undefined) return "Not known yet who you are.";
  if (session.principal === null) return "Log in first.";
  if (!session.permissions.includes(permission))
    return `Needs the permission ${permission}; your role ${session.principal.role} does not have it.`;
  if (past) return NOT_LIVE;
  const held = session.sending.includes(permission) ? readOnlyText(readOnly, session.readOnly) : null;
  if (held !== null) return held;
  // What the feed says is newer than what the session was told up to half a minute ago.
  const refused = journal === undefined || phase !== "live" ? session.actionsRefused : journalRefusal(journal);
  if (refused !== null) return refused;
  if (phase === "lost" || phase === "ended")
    return "The live feed is lost: what you see is old, and nothing is done on it.";
  return other;
}
