/**
 * A process of clients of the live feed: `url` and tokens by its first message; then, asked by any other, it answers with
 * the delays from append to arrival that were measured since it was asked last.
 */
import { Agent, get } from "node:http";
import type { CrowdAnswer, CrowdTask } from "./subscribers.ts";

const agent = new Agent({ keepAlive: false, maxSockets: Number.POSITIVE_INFINITY });
/** Observation times of the events of a frame, parsed once for all clients: it is the same bytes for all. */
const observed = new Map<string, readonly number[]>();
const FRAMES_KEPT = 500;
const FRAME_END = "\n\n";
/** The cursor, which a frame begins with. */
const ID_BYTES = 300;
let delays: number[] = [];
let events = 0;
let open = 0;

process.on("message", (task: CrowdTask) => {
  if (task.kind === "join") {
    for (const token of task.tokens) join(task.url, token);
    return;
  }
  process.send?.({ open, events, delays } satisfies CrowdAnswer);
  delays = [];
  events = 0;
});

function join(url: string, token: string): void {
  const request = get(`${url}/api/live`, { agent, headers: { authorization: `Bearer ${token}` } }, (response) => {
    if (response.statusCode !== 200) throw new Error(`the feed answered ${response.statusCode}`);
    open += 1;
    let parts: Buffer[] = [];
    response.on("data", (chunk: Buffer) => {
      let start = 0;
      for (let end = chunk.indexOf(FRAME_END); end >= 0; end = chunk.indexOf(FRAME_END, start)) {
        take([...parts, chunk.subarray(start, end)]);
        parts = [];
        start = end + FRAME_END.length;
      }
      if (start < chunk.length) parts.push(chunk.subarray(start));
    });
    response.on("close", () => {
      open -= 1;
    });
  });
  request.on("error", () => undefined);
}

/** Frames are told apart by position and length: of one position there may be one of events, then some of samples. */
function take(parts: readonly Buffer[]): void {
  const now = Date.now();
  const bytes = parts.reduce((sum, part) => sum + part.length, 0);
  const id = `${bytes} ${parts[0]?.toString("utf8", 0, ID_BYTES) ?? ""}`;
  let times = observed.get(id);
  if (times === undefined) {
    times = timesIn(Buffer.concat(parts).toString("utf8"));
    observed.set(id, times);
    const [oldest] = observed.keys();
    if (observed.size > FRAMES_KEPT && oldest !== undefined) observed.delete(oldest);
  }
  for (const at of times) delays.push(now - at);
  events += times.length;
}

function timesIn(frame: string): readonly number[] {
  const data = frame.split("\n").find((line) => line.startsWith("data: "));
  if (data === undefined) return [];
  const message = JSON.parse(data.slice("data: ".length));
  return message.type === "batch" ? message.events.map((event: { observedAt: number }) => event.observedAt) : [];
}
