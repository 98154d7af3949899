import { State } from "#components/ui/glyph.tsx";
import { lookOf, TONES_WORST_FIRST } from "#server/kernel/states.ts";

/** What the marks of the map say: the states that are on it, and the lines of a cell. */
export function MapLegend({ words }: { readonly words: readonly string[] }) {
  const rank = (word: string) => TONES_WORST_FIRST.indexOf(lookOf("node", word).tone);
  return (
    <ul className="map-legend small" aria-label="Legend">
      {[...words]
        .sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1))
        .map((word) => (
          <li key={word}>
            <State system="node" word={word} quiet />
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
