import { Glyph, State } from "#components/ui/glyph.tsx";
import { type StateSystem, TONES_WORST_FIRST, type Tone } from "#server/kernel/states.ts";
import type { MapCell } from "./map-scene.ts";

interface Mark {
  readonly word: string;
  readonly tone: Tone;
  /** In which vocabulary the word is a state; `null` = it is none. */
  readonly system: StateSystem | null;
}

/** Every mark that is on the map, once: worst first. Two systems may say the same by the same mark. */
export function marksOf(cells: readonly MapCell[]): readonly Mark[] {
  const marks = new Map<string, Mark>();
  for (const cell of cells) {
    const { word, tone, shape } = cell;
    const key = `${word} ${tone} ${shape}`;
    if (marks.has(key)) continue;
    marks.set(key, { word, tone, system: cell.sort === "node" ? "node" : (cell.thing.state?.system ?? null) });
  }
  return [...marks.values()].sort((a, b) => rank(a.tone) - rank(b.tone) || (a.word < b.word ? -1 : 1));
}

const rank = (tone: Tone): number => TONES_WORST_FIRST.indexOf(tone);

/** What the marks of the map say: the states that are on it, of every system, and the lines of a cell. */
export function MapLegend({ cells }: { readonly cells: readonly MapCell[] }) {
  return (
    <ul className="map-legend small" aria-label="Legend">
      {marksOf(cells).map(({ word, tone, system }) => (
        <li key={`${system} ${word}`}>
          {system === null ? (
            <span className="st">
              <Glyph tone={tone} shape="ring" />
              {word}
            </span>
          ) : (
            <State system={system} word={word} quiet />
          )}
        </li>
      ))}
      <li>
        <i className="map-key fuse" aria-hidden="true" /> time left until late, full at each beat
      </li>
      <li>
        <i className="map-key bar" aria-hidden="true" /> what “bar shows” says
      </li>
      <li>
        <i className="map-key hatch" aria-hidden="true" /> not known
      </li>
    </ul>
  );
}
