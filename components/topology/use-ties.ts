"use client";
import { useCallback, useMemo } from "react";
import { useFold } from "#components/ui/live.ts";
import type { TopologyPlace } from "#components/ui/routes.ts";
import type { LiveState } from "#server/contract/live.ts";
import { hostIndex, hostNamed } from "#server/contract/view/hosts.ts";
import { related } from "#server/contract/view/related.ts";
import { THING_KINDS, type ThingRef, thingKey } from "#server/contract/view/things.ts";
import type { MapCell, MapTie } from "./map-scene.ts";

/** The thing whose drawer the address opens. */
export function selectedThing({ node, of, source, host, thing, id }: TopologyPlace): ThingRef | null {
  if (host != null) return { kind: "host", source: "", id: host };
  if (node != null) return { kind: "node", source: of ?? source ?? "", id: node };
  const kind = THING_KINDS.find((known) => known === thing);
  return kind === undefined ? null : { kind, source: of ?? "", id: id ?? "" };
}

interface Selection {
  readonly selected: ReadonlySet<string>;
  readonly ties: readonly MapTie[];
}

interface Told {
  /** `thingKey` of all that the drawer is about: of a host what runs there. */
  readonly selected: readonly string[];
  readonly related: readonly { readonly key: string; readonly sure: boolean }[];
}

const NOTHING: Told = { selected: [], related: [] };

function toldOf({ folds }: LiveState, ref: ThingRef): Told {
  const host = ref.kind === "host" ? hostNamed(hostIndex(folds), ref.id) : null;
  const members = host?.members.map((member) => thingKey(member.ref));
  const others = related(folds, host === null ? ref : { ...ref, id: host.name });
  return {
    selected: members ?? [thingKey(ref)],
    related: others.flatMap(({ things }) => things.map(({ ref: other, sure }) => ({ key: thingKey(other), sure }))),
  };
}

/** What is selected on the map, and lines to what is related to it and drawn too. */
export function useTies(place: TopologyPlace, cells: readonly MapCell[]): Selection {
  const { node, of, source, host, thing, id } = place;
  const chosen = useMemo(
    () => selectedThing({ node, of, source, host, thing, id } as TopologyPlace),
    [node, of, source, host, thing, id],
  );
  const select = useCallback((state: LiveState) => (chosen === null ? NOTHING : toldOf(state, chosen)), [chosen]);
  const told = useFold(select) ?? NOTHING;
  return useMemo(() => {
    if (told.selected.length === 0) return NONE;
    const byThing = cellsByThing(cells, new Set([...told.selected, ...told.related.map(({ key }) => key)]));
    const from = told.selected.flatMap((key) => byThing.get(key) ?? []);
    const [first] = from;
    const selected = new Set(from.map(({ key }) => key));
    const to = told.related.flatMap(({ key, sure }) => {
      const cell = byThing.get(key);
      return cell === undefined || cell === first ? [] : [{ to: cell, sure }];
    });
    return { selected, ties: first === undefined ? [] : to.map((tie) => ({ from: first, ...tie })) };
  }, [told, cells]);
}

const NONE: Selection = { selected: new Set(), ties: [] };

/** Cells of the things that are asked for; every incarnation of a name is in the same. */
function cellsByThing(cells: readonly MapCell[], wanted: ReadonlySet<string>): ReadonlyMap<string, MapCell> {
  const found = new Map<string, MapCell>();
  for (const cell of cells) {
    if (cell.sort === "thing") {
      if (wanted.has(cell.key)) found.set(cell.key, cell);
      continue;
    }
    for (const incarnation of cell.place.incarnations) {
      const key = thingKey({ kind: "node", source: cell.source, id: incarnation.id });
      if (wanted.has(key)) found.set(key, cell);
    }
  }
  return found;
}
