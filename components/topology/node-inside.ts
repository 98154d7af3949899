/** What the console's samples of the nodes themselves tell of one of them, as the map draws it. Pure. */
import type { Samples } from "#server/contract/live.ts";
import type { NodeInside } from "./map-scene.ts";

/** `null` = not asked: no access to the node is configured, or it was not its turn yet. */
export function insideOf(_samples: Samples, _stream: string, _incarnation: string): NodeInside | null {
  return null;
}
