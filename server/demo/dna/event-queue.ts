/** The core of the simulation: what happens next, in virtual milliseconds. Equal instants keep their order. */
export interface EventQueue {
  now(): number;
  /** Runs `run` after `delayMs`; answers the way to call it off. */
  after(delayMs: number, run: () => void): Scheduled;
  /**
   * Runs everything due until `untilMs` (inclusive), then stands at `untilMs`; with `stop`, which is asked after each
   * event, only until that says so, and stands there. Answers whether it came to the end.
   */
  runUntil(untilMs: number, stop?: () => boolean): boolean;
}

export interface Scheduled {
  cancel(): void;
}

interface Entry extends Scheduled {
  readonly at: number;
  readonly order: number;
  run: (() => void) | null;
}

const before = (a: Entry, b: Entry): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

export function createEventQueue(): EventQueue {
  const heap: Entry[] = [];
  let now = 0;
  let order = 0;

  return {
    now: () => now,
    after(delayMs, run) {
      const entry: Entry = {
        at: now + Math.max(0, delayMs),
        order: order++,
        run,
        cancel() {
          this.run = null;
        },
      };
      push(heap, entry);
      return entry;
    },
    runUntil(untilMs, stop) {
      for (let entry = heap[0]; entry !== undefined && entry.at <= untilMs; entry = heap[0]) {
        pop(heap);
        if (entry.run === null) continue;
        now = entry.at;
        entry.run();
        if (stop?.() === true) return false;
      }
      now = Math.max(now, untilMs);
      return true;
    },
  };
}

function push(heap: Entry[], entry: Entry): void {
  let index = heap.length;
  heap.push(entry);
  while (index > 0) {
    const above = (index - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || before(parent, entry)) break;
    heap[index] = parent;
    index = above;
  }
  heap[index] = entry;
}

function pop(heap: Entry[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let below = 2 * index + 1;
    const left = heap[below];
    if (left === undefined) break;
    const right = heap[below + 1];
    const smaller = right !== undefined && before(right, left) ? right : left;
    if (smaller === right) below += 1;
    if (before(last, smaller)) break;
    heap[index] = smaller;
    index = below;
  }
  heap[index] = last;
}
