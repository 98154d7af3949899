import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { healthOf } from "#server/contract/view/health-checks.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dna-health.ts";
import { toIso } from "#server/kernel/clock.ts";
import { asOfFold, type DnaSource } from "./source-view.ts";

/** The checks of a source as they were last judged. Reads nothing anew. */
export function createHealthService(deps: { readonly sources: readonly DnaSource[] }) {
  return {
    async health(caller: Caller, input: WireIn<typeof wire.healthInput>): WireOut<typeof wire.healthOutput> {
      const source = sourceFor(caller, deps.sources, input.source);
      const checks = healthOf(source.fold()).map(({ id, level, title, evidence, about, since, at, ...text }) => ({
        ...{ id, level, title, detail: evidence, about: [...about] },
        ok: level === "ok" || level === "not-known",
        since: since === null ? null : toIso(since),
        at: at === null ? null : toIso(at),
        ...{ explanation: text.explanation, remedy: text.remedy, anchor: text.anchor },
      }));
      return { ...asOfFold([source]), checks };
    },
  };
}
