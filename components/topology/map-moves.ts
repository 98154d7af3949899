/** Where arrow keys lead on the map: to the nearest node in that direction. Pure. */
import type { MapCell } from "./map-scene.ts";

const DIRECTIONS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowRight: [1, 0],
  ArrowLeft: [-1, 0],
  ArrowDown: [0, 1],
  ArrowUp: [0, -1],
};
/** What lies aside counts so much more than what lies ahead. */
const ASIDE = 4;

/** `null` = the key is no move. The same node where there is none in that direction. */
export function besideNode(nodes: readonly MapCell[], from: MapCell | null, key: string): MapCell | null {
  const first = nodes[0] ?? null;
  if (key === "Home") return first;
  if (key === "End") return nodes.at(-1) ?? null;
  const direction = DIRECTIONS[key];
  if (direction === undefined) return null;
  if (from === null) return first;
  const [right, down] = direction;
  let best = from;
  let bestFar = Number.POSITIVE_INFINITY;
  for (const node of nodes) {
    const [x, y] = [node.x - from.x, node.y - from.y];
    const ahead = x * right + y * down;
    if (ahead <= 0) continue;
    const far = ahead + ASIDE * Math.abs(x * down + y * right);
    if (far < bestFar) {
      best = node;
      bestFar = far;
    }
  }
  return best;
}
