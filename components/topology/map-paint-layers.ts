/** Paints what the layers have besides their cells, and the lines between what is selected and what is related to it. */
import { CELL } from "./map-layout.ts";
import type { CellBrush } from "./map-paint-cells.ts";
import type { MapTie } from "./map-scene.ts";

/** Thin, in the colour of the course; what is not sure is dashed. Only of what is selected: never all at once. */
export function paintTies({ pen, ink, x, y, scale }: CellBrush, ties: readonly MapTie[]): void {
  if (ties.length === 0) return;
  const middle = (cell: MapTie["from"]): readonly [number, number] => [
    (cell.x + CELL.width / 2 - x) * scale,
    (cell.y + CELL.height / 2 - y) * scale,
  ];
  pen.strokeStyle = ink.course;
  pen.globalAlpha = 0.8;
  for (const { from, to, sure } of ties) {
    const [[fromX, fromY], [toX, toY]] = [middle(from), middle(to)];
    pen.lineWidth = sure ? 1.5 : 1;
    pen.setLineDash(sure ? [] : [4, 3]);
    pen.beginPath();
    pen.moveTo(fromX, fromY);
    // Bent a little, so that lines of one row do not lie on each other.
    pen.quadraticCurveTo((fromX + toX) / 2 + (toY - fromY) * 0.08, (fromY + toY) / 2, toX, toY);
    pen.stroke();
    pen.beginPath();
    pen.arc(toX, toY, 2.5, 0, 2 * Math.PI);
    pen.stroke();
  }
  pen.setLineDash([]);
  pen.globalAlpha = 1;
}
