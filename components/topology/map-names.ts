/** Names of things on the map, in the two short lines that a cell has for them: what tells one from the next is kept. Pure. */

/** How wide a text is, in pixels of the page. */
export type Measure = (text: string) => number;

/** Rooms for the first and the second line, in pixels of the page. */
export interface NameRooms {
  readonly first: number;
  readonly second: number;
}

/**
 * A name in one line if it fits, else in two. A host keeps its own name, and of its domain what there is room for; any
 * other name is broken behind a sign, and where even that is too long it keeps its start and its end.
 */
export function nameLines(name: string, rooms: NameRooms, measure: Measure): readonly string[] {
  if (measure(name) <= rooms.first) return [name];
  const host = HOST.exec(name)?.[1];
  if (host !== undefined && measure(host) <= rooms.first)
    return [host, startOf(name.slice(host.length), rooms.second, measure)].filter((line) => line !== "");
  const whole = host ?? name;
  const at = breakOf(whole, rooms, measure);
  return [whole.slice(0, at), endOf(whole.slice(at), rooms.second, measure)].filter((line) => line !== "");
}

/** A name with a domain; an address of numbers alone has none. */
const HOST = /^([a-z0-9-]*[a-z][a-z0-9-]*)(?:\.[a-z0-9-]+)+$/i;
const SIGN = /[-./_:@…\s]/;

/** Where the first line ends: behind the last sign after which the rest fits as well, else where the room ends. */
function breakOf(name: string, { first, second }: NameRooms, measure: Measure): number {
  const most = greatest(name.length, (letters) => measure(name.slice(0, letters)) <= first);
  for (let at = most; at > 1 && measure(name.slice(at)) <= second; at -= 1)
    if (SIGN.test(name.charAt(at - 1))) return at;
  return most;
}

/** The start of a text, with an ellipsis where it was cut. */
function startOf(text: string, room: number, measure: Measure): string {
  if (measure(text) <= room) return text;
  const letters = greatest(text.length, (count) => measure(`${text.slice(0, count)}…`) <= room);
  return letters === 0 ? "" : `${text.slice(0, letters)}…`;
}

/** The end of a text, with an ellipsis where it was cut. */
function endOf(text: string, room: number, measure: Measure): string {
  if (measure(text) <= room) return text;
  const letters = greatest(text.length, (count) => measure(`…${text.slice(text.length - count)}`) <= room);
  return letters === 0 ? "" : `…${text.slice(text.length - letters)}`;
}

/** The greatest number up to `max` of which it holds, if it holds of every smaller one; 0 = of none. */
function greatest(max: number, holds: (count: number) => boolean): number {
  let [low, high] = [0, max];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
