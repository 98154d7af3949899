import { type Caller, sourceFor } from "#server/auth/caller.ts";
import { can, refusalOf } from "#server/auth/permissions.ts";
import { maskPayload } from "#server/contract/mask-payload.ts";
import { DEFAULT_MASK_RULES, type MaskRules } from "#server/contract/mask-rules.ts";
import { maskFreeText } from "#server/contract/mask-text.ts";
import type { WireIn, WireOut } from "#server/contract/wire/common.ts";
import type * as wire from "#server/contract/wire/dynflow.ts";
import type { PlansExportInput } from "#server/contract/wire/dynflow-export.ts";
import type * as search from "#server/contract/wire/dynflow-search.ts";
import type { Clock } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import type { PayloadValue } from "./domain/model.ts";
import { createPlanCounts } from "./plan-counts.ts";
import { exportPlans } from "./plan-export.ts";
import { toPlanFilter } from "./plan-filter.ts";
import { toPlanRows } from "./plan-row-view.ts";
import { createPlanSearch } from "./plan-search.ts";
import { type DynflowSource, observedAt } from "./source-view.ts";
import { boundedRead } from "./too-slow.ts";

/** The list of plans: pages, counts, searches and files of it. */
export function createPlanListService(deps: {
  readonly sources: readonly DynflowSource[];
  readonly clock: Clock;
  readonly masks?: MaskRules;
}) {
  const { sources, clock, masks = DEFAULT_MASK_RULES } = deps;
  const shown = {
    payload: (value: PayloadValue) => maskPayload(masks, value).value,
    text: (text: string) => maskFreeText(masks, text),
  };
  const counts = new Map(sources.map((source) => [source.id, createPlanCounts({ store: source.store, clock })]));
  const searches = new Map(sources.map((source) => [source.id, createPlanSearch({ store: source.store, clock })]));

  async function searchPart(
    caller: Caller,
    input: WireIn<typeof search.searchTextInput>,
    signal: AbortSignal | undefined,
  ): WireOut<typeof search.searchOutput> {
    const source = sourceFor(caller, sources, input.source);
    const { needle } = input;
    // Asked here once more: whoever may not read it must not learn by searching what it says.
    if ((needle.errorText ?? needle.inputText) !== null && !can(caller.principal, "plans:search-text")) {
      throw new OpsError("not-permitted", refusalOf("plans:search-text"));
    }
    const askedAt = clock.now();
    const filter = toPlanFilter(input.filter, source, askedAt);
    const found = await of(searches, source).part({ filter, needle, shown }, input.from, signal);
    const rows = await toPlanRows({ source, caller, masks }, found.hits, []);
    const { plans, notLookedInto, bytes, tookMs, next } = found;
    return {
      ...observedAt(askedAt, [source]),
      hits: rows.map((row, index) => ({ ...row, evidence: [...(found.hits[index]?.evidence ?? [])] })),
      looked: { plans, rows: found.rows, bytes, notLookedInto },
      tookMs,
      next,
    };
  }

  return {
    async plans(caller: Caller, input: WireIn<typeof wire.plansInput>): WireOut<typeof wire.plansOutput> {
      const source = sourceFor(caller, sources, input.source);
      const { sort, descending, limit, from } = input;
      const askedAt = clock.now();
      const began = clock.monotonic();
      const filter = toPlanFilter(input.filter, source, askedAt);
      const page = await boundedRead("This list", () => source.store.plans({ filter, sort, descending, limit, from }));
      const tookMs = clock.monotonic() - began;
      return {
        ...observedAt(askedAt, [source]),
        rows: await toPlanRows({ source, caller, masks }, page.rows, input.with),
        previousCursor: page.previousCursor,
        nextCursor: page.nextCursor,
        tookMs,
      };
    },

    async counts(caller: Caller, input: WireIn<typeof wire.countsInput>): WireOut<typeof wire.countsOutput> {
      const source = sourceFor(caller, sources, input.source);
      const filter = toPlanFilter(input.filter, source, clock.now());
      const { counts: found, asOf } = await of(counts, source).of(filter);
      const total = (found ?? []).reduce((sum, entry) => sum + entry.count, 0);
      return { ...observedAt(asOf, [source]), counts: [...(found ?? [])], total, tooSlow: found === null };
    },

    /** What anybody who reads plans may look for. */
    search: (caller: Caller, input: WireIn<typeof search.searchInput>, signal?: AbortSignal) =>
      searchPart(caller, { ...input, needle: { ...input.needle, errorText: null, inputText: null } }, signal),

    /** Also in errors and inputs. */
    searchText: (caller: Caller, input: WireIn<typeof search.searchTextInput>, signal?: AbortSignal) =>
      searchPart(caller, input, signal),

    /** Pieces of a file. What is refused is refused before the first. */
    async *export(caller: Caller, input: PlansExportInput): AsyncGenerator<string> {
      const source = sourceFor(caller, sources, input.source);
      const filter = toPlanFilter(input.filter, source, clock.now());
      const { counts: found } = await of(counts, source).of(filter);
      const matching = found === null ? null : found.reduce((sum, entry) => sum + entry.count, 0);
      yield* exportPlans({ source, caller, masks, clock, filter, matching }, input);
    },
  };
}

export type PlanListService = ReturnType<typeof createPlanListService>;

function of<T>(parts: ReadonlyMap<string, T>, source: DynflowSource): T {
  const own = parts.get(source.id);
  if (own === undefined) throw new Error(`no part for ${source.id}`);
  return own;
}
