/** The systems beside the DNA clusters as the map draws them: groups of things in a fixed order that no state changes. Pure. */
import { dynflowFolds, hafFolds, ingestFolds } from "#components/ui/folds.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import type { SourceFold } from "#server/contract/fold/source.ts";
import { KIND_WORDS, type ThingWords, thingWords } from "#server/contract/view/thing-words.ts";
import { type ThingKind, type ThingRef, thingKey } from "#server/contract/view/things.ts";
import type { EstateOutput } from "#server/contract/wire/estate.ts";
import { type Drill, inOrder } from "./estate-view.ts";

/** What of the map can be shown or not, in the order in which it stands there. */
export const LAYERS = ["dna", "database", "dynflow", "haf", "agents"] as const;
export type Layer = (typeof LAYERS)[number];

export const LAYER_TITLES: Readonly<Record<Layer, string>> = {
  dna: "DNA",
  database: "Databases of DNA",
  dynflow: "Dynflow",
  haf: "HAF",
  agents: "Agents",
};

/** Layers that are drawn, as the address has them; left out = every one. */
export function layersOf(text: string | null | undefined): ReadonlySet<Layer> {
  if (text == null) return new Set(LAYERS);
  const named = new Set(text.split(","));
  return new Set(LAYERS.filter((layer) => named.has(layer)));
}

/** The address with one layer on or off; `null` = all of those there are. */
export function withLayer(shown: ReadonlySet<Layer>, layer: Layer, there: readonly Layer[]): string | null {
  const next = there.filter((one) => (one === layer ? !shown.has(one) : shown.has(one)));
  // The address of nothing at all still has to say so.
  if (next.length === 0) return "none";
  return next.length === there.length ? null : next.join(",");
}

export interface LayerThing extends ThingWords {
  readonly ref: ThingRef;
  /** `thingKey` of it. */
  readonly key: string;
}

/** The things of one source. */
export interface LayerGroup {
  /** Unique on the map. */
  readonly key: string;
  readonly source: string;
  readonly title: string;
  readonly things: readonly LayerThing[];
  readonly health: SourceFold;
}

export interface LayerView {
  readonly layer: Layer;
  readonly title: string;
  readonly groups: readonly LayerGroup[];
}

type Configured = Pick<EstateOutput, "regions"> & Partial<Pick<EstateOutput, "dynflow" | "haf" | "ingest">>;

/** Layers without the DNA clusters and their databases; those of which nothing is configured are left out. */
export function layersView(folds: Folds, estate: Configured, drill: Drill): readonly LayerView[] {
  if (drill.source !== null || drill.cluster !== null) return [];
  const isHere = (known: readonly { readonly id: string; readonly region: string | null }[] | undefined, id: string) =>
    drill.region === null || known?.some((one) => one.id === id && one.region === drill.region) === true;
  const group = <F extends { readonly source: SourceFold }>(
    system: string,
    { id, fold }: { readonly id: string; readonly fold: F },
    title: string,
    refsIn: (fold: F) => readonly ThingRef[],
  ): LayerGroup => {
    const key = `${system} ${id}`;
    const before = grouped.get(fold);
    if (before?.key === key && before.title === title) return before;
    const things = refsIn(fold).map((ref) => ({ ref, key: thingKey(ref), ...thingWords(folds, ref) }));
    const made: LayerGroup = { key, source: id, title, health: fold.source, things };
    grouped.set(fold, made);
    return made;
  };
  const titleIn = (known: readonly { readonly id: string; readonly title: string }[] | undefined, id: string) =>
    known?.find((one) => one.id === id)?.title ?? id;
  const layers: readonly LayerView[] = [
    {
      layer: "dynflow",
      title: "Dynflow",
      groups: dynflowFolds(folds)
        .filter(({ id }) => isHere(estate.dynflow, id))
        .map((one) =>
          group("dynflow", one, titleIn(estate.dynflow, one.id), ({ worlds }) => [
            { kind: "plan-store", source: one.id, id: "" },
            ...refsOf("world", one.id, worlds),
          ]),
        ),
    },
    {
      layer: "haf",
      title: "HAF",
      groups: hafFolds(folds)
        .filter(({ id }) => isHere(estate.haf, id))
        .map((one) =>
          group("haf", one, titleIn(estate.haf, one.id), ({ apps, roles }) => [
            { kind: "haf", source: one.id, id: "" },
            ...refsOf("haf-app", one.id, apps),
            ...refsOf("container", one.id, roles),
          ]),
        ),
    },
    {
      layer: "agents",
      title: "Agents",
      groups: ingestFolds(folds)
        .filter(() => drill.region === null)
        .map((one) =>
          group("ingest", one, estate.ingest?.title ?? one.id, ({ gateways, agents }) => [
            ...refsOf("gateway", one.id, gateways),
            ...refsOf("agent", one.id, agents),
          ]),
        ),
    },
  ];
  return layers.filter(({ groups }) => groups.length > 0);
}

/** Of a fold that is the same: what a thing is called and how it stands is in the fold of its own source alone. */
const grouped = new WeakMap<object, LayerGroup>();

const refsOf = (kind: ThingKind, source: string, record: Readonly<Record<string, unknown>>): readonly ThingRef[] =>
  inOrder(`${kind} of ${source}`, Object.keys(record)).map((id) => ({ kind, source, id }));

/** What a thing is called beside its name: `executor · foreman`. */
export const kindWord = ({ kind }: ThingRef): string => KIND_WORDS[kind][0];

/** Its last word, for a cell of a group whose head names the system: `database` of a `plan database`. */
export const shortKindWord = (ref: ThingRef): string => kindWord(ref).split(" ").at(-1) ?? "";
