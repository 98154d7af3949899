/**
 * The cells of the map on a canvas of their own, which reaches beyond the view: moving the view is one copy, and of a
 * thousand nodes only those that look different are painted anew.
 */
import type { GlyphPress } from "#components/plan/flow-ink.ts";
import type { Camera } from "./map-camera.ts";
import type { MapInk } from "./map-ink.ts";
import { CELL } from "./map-layout.ts";
import type { MapView } from "./map-paint.ts";
import { type Cell, type CellBrush, cellSignature, cellsInView, type Pen, paintCells } from "./map-paint-cells.ts";
import type { MapScene } from "./map-scene.ts";

export interface CellLayer {
  /** Brings it up to date. `false` = it is scaled for now and wants to be painted anew once the view rests. */
  update(scene: MapScene, view: MapView, ink: MapInk, press: GlyphPress): boolean;
  /** Copies what is in view. */
  put(to: Pen, view: MapView): void;
}

/** Beyond each edge of the view, as a share of its width and height. */
const MARGIN = 0.3;
/** A step of zooming between these is shown scaled until the view rests. */
const [SCALED_MIN, SCALED_MAX] = [0.6, 1.7];
const REST_MS = 80;

interface Painted {
  readonly camera: Camera;
  readonly width: number;
  readonly height: number;
  readonly ratio: number;
  readonly ink: MapInk;
  readonly scene: MapScene;
  readonly signatures: Map<string, string>;
}

export function createCellLayer(): CellLayer {
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  let painted: Painted | null = null;
  let scaledSince: { readonly scale: number; readonly at: number } | null = null;

  function paintWhole(scene: MapScene, view: MapView, ink: MapInk, press: GlyphPress): void {
    if (pen === null) return;
    const { camera, ratio } = view;
    const [marginX, marginY] = [Math.round(view.width * MARGIN), Math.round(view.height * MARGIN)];
    const [width, height] = [view.width + 2 * marginX, view.height + 2 * marginY];
    const own = { scale: camera.scale, x: camera.x - marginX / camera.scale, y: camera.y - marginY / camera.scale };
    const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== across || canvas.height !== down) {
      canvas.width = across;
      canvas.height = down;
    }
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const brush: CellBrush = { pen, scene, ink, press, ...own, width, height };
    const cells = cellsInView(brush, scene.cells);
    paintCells(brush, cells);
    const signatures = new Map(cells.map(({ node }) => [node.key, cellSignature(scene, node, own.scale)]));
    painted = { camera: own, width, height, ratio, ink, scene, signatures };
  }

  /** Only what looks different now. */
  function paintChanges(before: Painted, scene: MapScene, press: GlyphPress): void {
    if (pen === null || before.scene === scene) return;
    const { camera, width, height, ink, signatures } = before;
    const brush: CellBrush = { pen, scene, ink, press, ...camera, width, height };
    const gone = new Map(signatures);
    const different: Cell[] = [];
    for (const cell of cellsInView(brush, scene.cells)) {
      const signature = cellSignature(scene, cell.node, camera.scale);
      gone.delete(cell.node.key);
      if (signatures.get(cell.node.key) === signature) continue;
      signatures.set(cell.node.key, signature);
      different.push(cell);
    }
    const [wide, high] = [
      Math.max(1, Math.floor(CELL.width * camera.scale)),
      Math.max(1, Math.floor(CELL.height * camera.scale)),
    ];
    for (const { x, y } of different) pen.clearRect(x, y, wide, high);
    if (gone.size > 0) clearGone(pen, brush, before, gone, wide, high);
    paintCells(brush, different);
    painted = { ...before, scene };
  }

  /** Places of nodes that left or are hidden now; where they stood is known from the scene before. */
  function clearGone(
    on: Pen,
    brush: CellBrush,
    before: Painted,
    gone: ReadonlyMap<string, string>,
    wide: number,
    high: number,
  ): void {
    const taken = new Set(cellsInView(brush, brush.scene.cells).map(({ x, y }) => `${x} ${y}`));
    const left = before.scene.cells.filter(({ key }) => gone.has(key));
    for (const { x, y } of cellsInView({ ...brush, scene: before.scene }, left))
      if (!taken.has(`${x} ${y}`)) on.clearRect(x, y, wide, high);
    for (const key of gone.keys()) before.signatures.delete(key);
  }

  function covers({ camera, width, height }: Painted, view: MapView): boolean {
    const { x, y, scale } = view.camera;
    return (
      x >= camera.x &&
      y >= camera.y &&
      x + view.width / scale <= camera.x + width / camera.scale &&
      y + view.height / scale <= camera.y + height / camera.scale
    );
  }

  return {
    update(scene, view, ink, press) {
      const known = painted;
      const fresh =
        known === null || known.ink !== ink || known.ratio !== view.ratio || known.scene.layout !== scene.layout;
      if (fresh || known === null) {
        paintWhole(scene, view, ink, press);
        scaledSince = null;
        return true;
      }
      const by = view.camera.scale / known.camera.scale;
      if (by !== 1) {
        const now = performance.now();
        if (scaledSince?.scale !== view.camera.scale) scaledSince = { scale: view.camera.scale, at: now };
        const rests = now - scaledSince.at >= REST_MS;
        if (!rests && by > SCALED_MIN && by < SCALED_MAX) return false;
        paintWhole(scene, view, ink, press);
        scaledSince = null;
        return true;
      }
      if (covers(known, view)) paintChanges(known, scene, press);
      else paintWhole(scene, view, ink, press);
      return true;
    },
    put(to, view) {
      if (painted === null) return;
      const { camera, ratio, width, height } = painted;
      const by = view.camera.scale / camera.scale;
      // On whole pixels of the device, so that what was sharp stays so.
      const x = Math.round((camera.x - view.camera.x) * view.camera.scale * ratio) / ratio;
      const y = Math.round((camera.y - view.camera.y) * view.camera.scale * ratio) / ratio;
      if (by !== 1) {
        to.drawImage(canvas, x, y, width * by, height * by);
        return;
      }
      const [across, down] = [Math.round(view.width * ratio), Math.round(view.height * ratio)];
      to.drawImage(canvas, -x * ratio, -y * ratio, across, down, 0, 0, across / ratio, down / ratio);
    },
  };
}
