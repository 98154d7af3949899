/** Sets the size of a canvas; only when it is another, as that empties it. */
export function sizeCanvas(element: HTMLCanvasElement, width: number, height: number, ratio: number): void {
  const [across, down] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (element.width === across && element.height === down) return;
  element.width = across;
  element.height = down;
  element.style.width = `${width}px`;
  element.style.height = `${height}px`;
}
