/** What of the map is in view, and how large. Pure. */

export interface Camera {
  /** Of the upper left corner of the view, in pixels of the map. */
  readonly x: number;
  readonly y: number;
  /** Pixels of the page for one of the map. */
  readonly scale: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

const SCALE_MAX = 4;
/** So much smaller than all of it can be seen is of no use. */
const BELOW_FIT = 0.6;
const ZOOM_STEP = 1.3;

/** All of the map, never larger than it was made for, and in the middle of the view where there is room. */
export function fitCamera(map: Extent, view: Extent): Camera {
  const scale = Math.min(1, view.width / map.width, view.height / map.height);
  return { x: Math.min(0, (map.width - view.width / scale) / 2), y: 0, scale };
}

/** Scales around a point of the view, which stays where it is. */
export function zoomAt(
  camera: Camera,
  by: number,
  at: { readonly x: number; readonly y: number },
  fit: number,
): Camera {
  const scale = Math.min(SCALE_MAX, Math.max(fit * BELOW_FIT, camera.scale * by));
  return {
    x: camera.x + at.x / camera.scale - at.x / scale,
    y: camera.y + at.y / camera.scale - at.y / scale,
    scale,
  };
}

/** Moves by pixels of the page; a part of the map stays in view. */
export function panned(camera: Camera, byX: number, byY: number, map: Extent, view: Extent): Camera {
  const keep = 48 / camera.scale;
  const clamp = (at: number, size: number, seen: number): number =>
    Math.min(Math.max(at, keep - seen / camera.scale), Math.max(0, size - keep));
  return {
    scale: camera.scale,
    x: clamp(camera.x + byX / camera.scale, map.width, view.width),
    y: clamp(camera.y + byY / camera.scale, map.height, view.height),
  };
}

/** Names of region and cluster stay at the top of the view. */
const HEAD_PX = 44;
const MARGIN_PX = 8;

/** Brings a rectangle of the map into view with the least movement; the same camera when it is there already. */
export function showing(
  camera: Camera,
  { x, y, width, height }: Extent & { readonly x: number; readonly y: number },
  view: Extent,
): Camera {
  const [seenWidth, seenHeight] = [view.width / camera.scale, view.height / camera.scale];
  const after = MARGIN_PX / camera.scale;
  const into = (at: number, from: number, size: number, seen: number, before: number): number => {
    if (from - before < at) return from - before;
    return from + size + after > at + seen ? from + size + after - seen : at;
  };
  const next = {
    x: into(camera.x, x, width, seenWidth, after),
    y: into(camera.y, y, height, seenHeight, HEAD_PX / camera.scale),
    scale: camera.scale,
  };
  return next.x === camera.x && next.y === camera.y ? camera : next;
}

/** By how much a key zooms; `fit` shows all; `null` for any other key. */
export function zoomOfKey(key: string): number | "fit" | null {
  if (key === "+" || key === "=") return ZOOM_STEP;
  if (key === "-") return 1 / ZOOM_STEP;
  return key === "0" ? "fit" : null;
}
