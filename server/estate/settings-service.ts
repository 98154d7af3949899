import type { Caller } from "#server/auth/caller.ts";
import { leastRoleOf, PERMISSIONS, sendingOf } from "#server/auth/permissions.ts";
import type { JournalStatus } from "#server/contract/live.ts";
import type { WireOut, WireShape } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/settings.ts";
import { type Clock, toIso } from "#server/kernel/clock.ts";

type Output = WireShape<typeof wire.settingsOutput>;

export interface SettingsDeps {
  readonly identity: Pick<Output["about"], "version" | "build" | "licence" | "node">;
  readonly store: Output["about"]["journal"]["store"];
  readonly journalStatus: () => Pick<JournalStatus, "follows">;
  /** Real time. */
  readonly clock: Clock;
}

/** What holds for whoever asks, who may do what, and what this console is. */
export function createSettingsService({ identity, store, journalStatus, clock }: SettingsDeps) {
  const startedAt = toIso(clock.now());
  return {
    async settings({ principal }: Caller): WireOut<typeof wire.settingsOutput> {
      const { follows } = journalStatus();
      return {
        asOf: toIso(clock.now()),
        mine: { sources: principal.sources === null ? null : [...principal.sources], tokenId: principal.tokenId },
        permissions: permissionTable(),
        about: {
          ...identity,
          startedAt,
          journal: {
            store,
            role: follows === undefined ? "writer" : "follower",
            writer: follows === undefined ? null : follows.holder,
          },
        },
      };
    },
  };
}

function permissionTable(): Output["permissions"] {
  const sending = new Set(sendingOf(PERMISSIONS));
  return PERMISSIONS.map((permission) => ({
    permission,
    least: leastRoleOf(permission),
    sends: sending.has(permission),
  }));
}
