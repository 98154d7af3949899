"use client";
import { formatCount } from "#components/ui/format.ts";
import { LAYER_TITLES, LAYERS, type Layer } from "./estate-layers.ts";

interface LayerBarProps {
  /** How many things each layer has; those with none are left out. */
  readonly counts: Readonly<Record<Layer, number>>;
  readonly shown: ReadonlySet<Layer>;
  readonly onToggle: (layer: Layer) => void;
}

/** Which systems the map draws. To show or hide one moves nothing of the others. */
export function LayerBar({ counts, shown, onToggle }: LayerBarProps) {
  const there = LAYERS.filter((layer) => counts[layer] > 0);
  if (there.length < 2) return null;
  return (
    <fieldset className="chips layer-bar" aria-label="Layers">
      <span className="t3 small" aria-hidden="true">
        layers
      </span>
      {there.map((layer) => (
        <button
          key={layer}
          type="button"
          className="chip"
          aria-pressed={shown.has(layer)}
          onClick={() => onToggle(layer)}
        >
          {LAYER_TITLES[layer]} <b>{formatCount(counts[layer])}</b>
        </button>
      ))}
    </fieldset>
  );
}
