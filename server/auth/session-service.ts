import type { JournalStatus } from "#server/contract/live.ts";
import { journalRefusal } from "#server/contract/view/journal-status.ts";
import type { SessionOutput } from "#server/contract/wire/session.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { type Principal, permissionsOf, sendingOf } from "./permissions.ts";

/** What this console is, for whoever asks: also for those who have not logged in. */
export interface ConsoleIdentity {
  readonly version: string;
  /** Of the built pages: a tab of another build loads itself anew. */
  readonly build: string;
  readonly authMode: "none" | "tokens";
  readonly demo: { readonly speed: number } | null;
  readonly readOnly: boolean;
  readonly secondPerson: boolean;
  readonly suspendedMinutes: Readonly<Record<string, number>>;
}

export function createSessionService(deps: {
  readonly identity: ConsoleIdentity;
  readonly journalStatus: () => JournalStatus;
  readonly clock: Clock;
}) {
  const { identity, journalStatus, clock } = deps;
  return {
    async describe(principal: Principal | null): Promise<SessionOutput> {
      return {
        principal: principal === null ? null : { id: principal.id, role: principal.role, kind: principal.kind },
        permissions: [...permissionsOf(principal)],
        sending: [...sendingOf(permissionsOf(principal))],
        ...identity,
        // Names of classes are for those who have logged in.
        suspendedMinutes: principal === null ? {} : { ...identity.suspendedMinutes },
        serverNow: toIso(clock.now()),
        actionsRefused: journalRefusal(journalStatus()),
      };
    },
  };
}
