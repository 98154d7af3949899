"use client";
/** What a browser remembers of the map, so that it stands still while one looks, leaves and comes back. */
import { useMemo } from "react";
import type { LayerView } from "./estate-layers.ts";
import type { Drill, RegionView } from "./estate-view.ts";
import { type EstateLayout, layoutEstate, type RegionNeed, type Room } from "./map-layout.ts";
import { clusterKey, SYSTEMS } from "./map-scene.ts";
import { assignSlots, NO_SLOTS, type Slots } from "./map-slots.ts";

const slotsOf = new Map<string, Slots>();
interface Remembered {
  readonly layout: EstateLayout;
  /** It was made for this one. */
  readonly room: Room;
  /** `false` = made while whole systems were still to come: then it is not held on to. */
  readonly settled: boolean;
}

const layouts = new Map<string, Remembered>();
const LAYOUTS_MAX = 40;
/** A map at natural size is laid out anew for a box so much wider or narrower; one that is scaled anyway for far more. */
const REFLOW_PX = 160;
const REFLOW_SHARE = 1.7;

interface Placed {
  readonly layout: EstateLayout;
  readonly slots: ReadonlyMap<string, Slots>;
}

/**
 * Places for everything that is there now.
 *
 * @param settled whether every source has been heard of; until then a place is not kept, or whatever comes first would
 *   leave no room in view for the rest
 */
export function usePlaces(
  regions: readonly RegionView[],
  layers: readonly LayerView[],
  drill: Drill,
  room: Room,
  settled: boolean,
): Placed {
  return useMemo(() => {
    const slots = new Map<string, Slots>();
    for (const { clusters } of regions) {
      for (const { source, cluster, places } of clusters) {
        const key = clusterKey(source, cluster);
        const next = assignSlots(
          slotsOf.get(key) ?? NO_SLOTS,
          places.map(({ name }) => name),
        );
        slotsOf.set(key, next);
        slots.set(key, next);
      }
    }
    for (const { groups } of layers) {
      for (const { key, things } of groups) {
        const next = assignSlots(
          slotsOf.get(key) ?? NO_SLOTS,
          things.map((thing) => thing.key),
        );
        slotsOf.set(key, next);
        slots.set(key, next);
      }
    }
    return { layout: layoutOf(regions, layers, slots, drill, room, settled), slots };
  }, [regions, layers, drill, room, settled]);
}

function layoutOf(
  regions: readonly RegionView[],
  layers: readonly LayerView[],
  slots: ReadonlyMap<string, Slots>,
  drill: Drill,
  room: Room,
  settled: boolean,
): EstateLayout {
  const key = JSON.stringify([drill, room.loadBalancer]);
  const known = layouts.get(key);
  const kept = known?.settled === true && !isOutgrown(known, room) ? known : null;
  const ofClusters: readonly RegionNeed[] = regions.map(({ id, clusters, databases }) => ({
    id,
    clusters: clusters.map(({ source, cluster }) => {
      const own = clusterKey(source, cluster);
      return { key: own, end: slots.get(own)?.end ?? 0 };
    }),
    databaseLines: databases.reduce((sum, { hosts }) => sum + 1 + hosts.length, 0),
  }));
  // Also of layers that are not shown: to show one moves nothing of the others.
  const groups = layers.flatMap((layer) => layer.groups);
  const clusters = groups.map(({ key }) => ({ key, end: slots.get(key)?.end ?? 0 }));
  const ofLayers: readonly RegionNeed[] = groups.length === 0 ? [] : [{ id: SYSTEMS, clusters, databaseLines: 0 }];
  const needs = [...ofClusters, ...ofLayers];
  const layout = layoutEstate(kept?.layout ?? null, needs, room);
  layouts.delete(key);
  layouts.set(key, { layout, room: kept?.room ?? room, settled: kept !== null || settled });
  for (const old of layouts.keys()) if (layouts.size > LAYOUTS_MAX) layouts.delete(old);
  return layout;
}

function isOutgrown({ layout, room: made }: Remembered, room: Room): boolean {
  if (layout.unit === 1) return Math.abs(made.width - room.width) > REFLOW_PX;
  const ratio = made.width / room.width;
  return ratio > REFLOW_SHARE || ratio < 1 / REFLOW_SHARE;
}
