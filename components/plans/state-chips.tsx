"use client";
import { formatCount } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Unknown } from "#components/ui/widget.tsx";
import { facets, press } from "./plan-lines.ts";
import { ALL_STATES, type PlansQuery, RESULTS, UNFINISHED } from "./plans-query.ts";
import type { Counts } from "./use-plans.ts";

interface StateChipsProps {
  readonly query: PlansQuery;
  /** Within the filter, without states and results. */
  readonly within: Counts;
  /** Of everything; the same when there is no filter. */
  readonly total: Counts;
  readonly narrowed: boolean;
  readonly onChange: (query: PlansQuery) => void;
}

/** States and results with their counts, which follow the filter; pressed = looked for. */
export function StateChips({ query, within, total, narrowed, onChange }: StateChipsProps) {
  const { states, results } = query;
  const past = useIsPast();
  const found = facets(within.counts ?? [], states, results);
  const all = facets(total.counts ?? [], [], []);
  const known = within.counts !== undefined && within.missing.length === 0;
  const stateWords = withOdd(ALL_STATES, found.byState, states);
  const resultWords = withOdd(RESULTS, found.byResult, results).filter(
    (word) => word !== "pending" && ((found.byResult.get(word) ?? 0) > 0 || results.includes(word)),
  );
  const set = (part: Partial<PlansQuery>) => onChange({ ...query, position: null, row: null, ...part });
  const count = [...found.byState]
    .filter(([state]) => states.length === 0 || states.includes(state))
    .reduce((sum, [, each]) => sum + each, 0);
  return (
    <fieldset className="chips fcs" aria-label="States and results; Shift joins">
      {stateWords.map((word) => (
        <Chip
          key={word}
          system="plan"
          word={word}
          pressed={states.length === 0 || states.includes(word)}
          count={found.byState.get(word) ?? 0}
          of={narrowed || results.length > 0 ? (all.byState.get(word) ?? 0) : null}
          known={known && !(past && word === "stopped")}
          onPress={(joins) =>
            set({ states: press(states.length === 0 ? stateWords : states, word, joins, UNFINISHED) })
          }
        />
      ))}
      {resultWords.length > 0 && <i className="v" />}
      {resultWords.map((word) => (
        <Chip
          key={word}
          system="result"
          word={word}
          pressed={results.includes(word)}
          count={found.byResult.get(word) ?? 0}
          of={null}
          known={known}
          onPress={(joins) => set({ results: press(results, word, joins, []) })}
        />
      ))}
      <span className="push small t3 nowrap p2" role="status">
        {foundWords(within, known, count)}
      </span>
    </fieldset>
  );
}

function foundWords({ counts, tooSlow }: Counts, known: boolean, count: number): string {
  if (tooSlow.length > 0) return `counting ${tooSlow.join(", ")} takes too long: given up`;
  if (counts === undefined) return "counting…";
  return known ? `${formatCount(count)} found, exact` : "not all counted";
}

/** Known words in their order, then those that the database has besides. */
const withOdd = (
  known: readonly string[],
  found: ReadonlyMap<string, number>,
  chosen: readonly string[],
): readonly string[] => [...new Set([...known, ...found.keys(), ...chosen])];

interface ChipProps {
  readonly system: "plan" | "result";
  readonly word: string;
  readonly pressed: boolean;
  readonly count: number;
  readonly of: number | null;
  readonly known: boolean;
  readonly onPress: (joins: boolean) => void;
}

function Chip({ system, word, pressed, count, of, known, onPress }: ChipProps) {
  return (
    <button
      type="button"
      className="chip"
      aria-pressed={pressed}
      onClick={(event) => onPress(event.shiftKey || event.ctrlKey || event.metaKey)}
    >
      <State system={system} word={word} />
      {known ? (
        <b>{formatCount(count)}</b>
      ) : (
        <Unknown why="it could not be counted, or is not kept of the past">?</Unknown>
      )}
      {known && of !== null && of !== count && <span className="of">of {formatCount(of)}</span>}
    </button>
  );
}
