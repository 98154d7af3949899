import { describe, expect, it } from "vitest";
import { can, PERMISSIONS, type Principal, ROLES } from "#server/auth/permissions.ts";
import type { JournalStatus } from "#server/contract/live.ts";
import { settingsOutput } from "#server/contract/wire/settings.ts";
import { epochMs, monotonicMs } from "#server/kernel/clock.ts";
import { createSettingsService } from "./settings-service.ts";

const START = epochMs(Date.UTC(2026, 10, 22));
const principalOf = (role: Principal["role"], sources: readonly string[] | null = null): Principal => ({
  ...{ id: "ann", role, kind: "token", sources, tokenId: "tok_1" },
});

function serviceOf(follows?: NonNullable<JournalStatus["follows"]>) {
  let now = START;
  const service = createSettingsService({
    identity: { version: "0.1.0", build: "b", licence: "Apache-2.0", node: "v24" },
    store: "scylla",
    journalStatus: () => (follows === undefined ? {} : { follows }),
    clock: { now: () => now, monotonic: () => monotonicMs(0), sleep: () => Promise.resolve() },
  });
  now = epochMs(START + 60_000);
  return { ask: (principal: Principal) => service.settings({ principal, address: "127.0.0.1" }) };
}

describe("the settings of whoever asks", () => {
  it("name the sources it is limited to and the token that let it in, and hold in their shape", async () => {
    const { ask } = serviceOf();
    const limited = await ask(principalOf("viewer", ["eu-1"]));
    expect(limited.mine).toEqual({ sources: ["eu-1"], tokenId: "tok_1" });
    expect((await ask(principalOf("viewer"))).mine.sources).toBeNull();
    expect(settingsOutput.parse(limited)).toEqual(limited);
  });

  it("tell of each permission the very roles that hold it", async () => {
    const { permissions } = await serviceOf().ask(principalOf("viewer"));
    expect(permissions.map(({ permission }) => permission)).toEqual(PERMISSIONS);
    for (const { permission, least } of permissions) {
      const known = PERMISSIONS.find((each) => each === permission);
      if (known === undefined) throw new Error(`${permission} is no permission`);
      for (const role of ROLES) {
        expect(can(principalOf(role), known)).toBe(least === null || ROLES.indexOf(role) >= ROLES.indexOf(least));
      }
      expect(can(null, known)).toBe(least === null);
    }
    const sends = (name: string) => permissions.find(({ permission }) => permission === name)?.sends;
    expect([sends("plans:resume"), sends("dna:failover"), sends("journal:read"), sends("safety:read-only")]).toEqual([
      ...[true, true, false, false],
    ]);
  });

  it("say since when this console runs, and who writes the journal", async () => {
    const writer = await serviceOf().ask(principalOf("admin"));
    expect(writer.about).toMatchObject({
      startedAt: "2026-11-22T00:00:00.000Z",
      journal: { role: "writer", writer: null },
    });
    expect(writer.asOf).toBe("2026-11-22T00:01:00.000Z");
    const follower = await serviceOf({ holder: "ops-2" }).ask(principalOf("admin"));
    expect(follower.about.journal).toEqual({ store: "scylla", role: "follower", writer: "ops-2" });
  });
});
