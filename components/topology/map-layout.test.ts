import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Camera, fitCamera, panned, showing, zoomAt, zoomOfKey } from "./map-camera.ts";
import { filterOf, isMeant, withWord } from "./map-filter.ts";
import { CELL, type EstateLayout, layoutEstate, placeAt, type RegionNeed, slotUnder } from "./map-layout.ts";
import { assignSlots, NO_SLOTS, type Slots } from "./map-slots.ts";

const NAMES = Array.from({ length: 24 }, (_, index) => `dna@10.0.0.${index}`);
const ROOM = { width: 1_200, height: 560, loadBalancer: true };
/** Which of the names are there at each look. */
const looks = fc.array(fc.subarray(NAMES), { minLength: 1, maxLength: 25 });

describe("places", () => {
  it("of those who stay are kept, whoever joins or leaves, and no two have the same", () => {
    fc.assert(
      fc.property(looks, (seen) => {
        let slots: Slots = NO_SLOTS;
        let most = 0;
        let before: readonly string[] = [];
        for (const names of seen) {
          const next = assignSlots(slots, names);
          most = Math.max(most, names.length);
          for (const name of names.filter((one) => before.includes(one)))
            expect(next.places.get(name)).toBe(slots.places.get(name));
          const given = names.map((name) => next.places.get(name));
          expect(given).not.toContain(undefined);
          expect(new Set(given).size).toBe(names.length);
          expect(next.end).toBeLessThanOrEqual(most);
          slots = next;
          before = names;
        }
      }),
      { verbose: 1 },
    );
  });

  it("wait for a name that left, until a newcomer needs them", () => {
    const one = assignSlots(NO_SLOTS, ["a", "b", "c"]);
    const without = assignSlots(one, ["a", "c"]);
    expect(assignSlots(without, ["a", "b", "c"]).places.get("b")).toBe(1);
    const taken = assignSlots(without, ["a", "c", "d"]);
    expect(taken.places.get("d")).toBe(1);
    expect(assignSlots(taken, ["a", "b", "c", "d"]).places.get("b")).toBe(3);
  });

  it("are the same object while nobody comes or goes", () => {
    const one = assignSlots(NO_SLOTS, ["a", "b"]);
    expect(assignSlots(one, ["b", "a"])).toBe(one);
  });
});

const needs = (ends: readonly number[], region = "eu"): readonly RegionNeed[] => [
  { id: region, clusters: ends.map((end, index) => ({ key: `c${index}`, end })), databaseLines: 3 },
];

function corners(layout: EstateLayout, regions: readonly RegionNeed[]): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const { id, clusters } of regions) {
    const region = layout.regions.find((box) => box.id === id);
    for (const { key, end } of clusters) {
      const cluster = region?.clusters.find((box) => box.key === key);
      for (let slot = 0; slot < end; slot += 1) {
        const at = cluster === undefined ? null : placeAt(cluster, slot);
        found.set(`${id} ${key} ${slot}`, at === null ? "nowhere" : `${at.x} ${at.y}`);
      }
    }
  }
  return found;
}

describe("the map", () => {
  it("moves nothing when nodes, clusters or regions come or go", () => {
    const estate = fc.array(
      fc.record({
        id: fc.constantFrom("eu", "us", "ap"),
        ends: fc.array(fc.nat({ max: 140 }), { minLength: 1, maxLength: 4 }),
      }),
      { minLength: 1, maxLength: 3 },
    );
    fc.assert(
      fc.property(fc.array(estate, { minLength: 1, maxLength: 6 }), (steps) => {
        let layout: EstateLayout | null = null;
        let known: ReadonlyMap<string, string> = new Map();
        for (const step of steps) {
          const regions = [...new Map(step.map((region) => [region.id, region])).values()].map(({ id, ends }) => ({
            id,
            clusters: ends.map((end, index) => ({ key: `c${index}`, end })),
            databaseLines: 2,
          }));
          layout = layoutEstate(layout, regions, ROOM);
          const now = corners(layout, regions);
          expect([...now.values()]).not.toContain("nowhere");
          expect(new Set(now.values()).size).toBe(now.size);
          for (const [place, at] of now) if (known.has(place)) expect(at).toBe(known.get(place));
          known = new Map([...known, ...now]);
        }
      }),
      { verbose: 1 },
    );
  });

  it("shows 1,000 nodes at once, each large enough for its glyph", () => {
    const layout = layoutEstate(null, needs([1_000]), ROOM);
    const { scale } = fitCamera(layout, ROOM);
    expect(layout.height * scale).toBeLessThanOrEqual(ROOM.height);
    expect(CELL.width * scale).toBeGreaterThanOrEqual(16);
  });

  it("shows 40 nodes as large as the page writes", () => {
    const layout = layoutEstate(null, [...needs([14, 8]), ...needs([12], "us"), ...needs([6], "ap")], ROOM);
    expect(fitCamera(layout, ROOM).scale).toBe(1);
  });

  it("finds the place under a point, and none between places", () => {
    const cluster = layoutEstate(null, needs([30]), ROOM).regions[0]?.clusters[0];
    if (cluster === undefined) throw new Error("there is no cluster");
    for (const slot of [0, 7, 29]) {
      const at = placeAt(cluster, slot);
      expect(at === null ? null : slotUnder(cluster, at.x + 5, at.y + 5)).toBe(slot);
    }
    expect(slotUnder(cluster, cluster.blocks[0].x - 1, cluster.blocks[0].y)).toBeNull();
  });
});

describe("the view", () => {
  const map = { width: 4_000, height: 2_000 };
  const view = { width: 800, height: 500 };
  const camera: Camera = { x: 100, y: 50, scale: 0.5 };

  it("keeps the point under the pointer when it scales", () => {
    const next = zoomAt(camera, 2, { x: 300, y: 200 }, 0.2);
    expect(next.x + 300 / next.scale).toBeCloseTo(camera.x + 300 / camera.scale);
    expect(next.y + 200 / next.scale).toBeCloseTo(camera.y + 200 / camera.scale);
  });

  it("never loses the map", () => {
    const far = panned(camera, 1e6, 1e6, map, view);
    expect(far.x).toBeLessThan(map.width);
    expect(panned(far, -1e7, -1e7, map, view).x).toBeGreaterThan(-view.width / camera.scale);
  });

  it("moves to a node only when it is not in sight", () => {
    expect(showing(camera, { x: 200, y: 300, width: 58, height: 46 }, view)).toBe(camera);
    expect(showing(camera, { x: 3_000, y: 300, width: 58, height: 46 }, view).x).toBeGreaterThan(camera.x);
  });

  it("scales by plus and minus, and shows all by zero", () => {
    expect([zoomOfKey("+"), zoomOfKey("-"), zoomOfKey("0"), zoomOfKey("x")]).toEqual([1.3, 1 / 1.3, "fit", null]);
  });
});

describe("the filter", () => {
  const one = {
    id: "1795:-6",
    word: "alive",
    source: "eu-1",
    node: { node: "dna@10.0.0.7", cluster: "prod", flags: { superseded: "a later one" } } as never,
  };
  it("means states and flags, and every word of a text", () => {
    const means = (state: string | null, text: string | null) => isMeant(filterOf({ state, text }), one);
    expect([means(null, null), means("alive,late", null), means("superseded", null)]).toEqual([true, true, true]);
    expect([means("late", null), means(null, "10.0.0.8"), means("alive", "other")]).toEqual([false, false, false]);
    expect([means(null, "0.0.7 PROD"), means(null, "-6"), means(null, "eu-1")]).toEqual([true, true, true]);
  });
  it("takes a state in and out again", () => {
    expect(withWord("late", "silent")).toBe("late,silent");
    expect(withWord("late,silent", "late")).toBe("silent");
    expect(withWord("late", "late")).toBeNull();
  });
});
