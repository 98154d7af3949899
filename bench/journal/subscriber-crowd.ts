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
    let rest = "";
    response.setEncoding("utf8");
    response.on("data", (chunk: string) => {
      const frames = (rest + chunk).split("\n\n");
      rest = frames.pop() ?? "";
      for (const frame of frames) take(frame);
    });
    response.on("close", () => {
      open -= 1;
    });
  });
  request.on("error", () => undefined);
}

function take(frame: string): void {
  const now = Date.now();
  const line = frame.indexOf("data: ");
  if (line < 0) return;
  const id = frame.slice(0, line);
  let times = observed.get(id);
  if (times === undefined) {
    const message = JSON.parse(frame.slice(line + "data: ".length));
    times = message.type === "batch" ? message.events.map((event: { observedAt: number }) => event.observedAt) : [];
    observed.set(id, times ?? []);
    const [oldest] = observed.keys();
    if (observed.size > FRAMES_KEPT && oldest !== undefined) observed.delete(oldest);
  }
  for (const at of times ?? []) delays.push(now - at);
  events += times?.length ?? 0;
}
