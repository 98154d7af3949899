import type { ServerResponse } from "node:http";
import { type Clock, toIso } from "#server/kernel/clock.ts";
import { answerJson, answerText } from "./answer.ts";
import type { AppHealth } from "./app.ts";
import { PING_PATH } from "./surfaces.ts";

/** The process answers: nothing more is said to strangers. */
export const answerHealth = (response: ServerResponse): void => answerText(response, 200, "ok");

/** 200 when everything that has to be there is, else 503; both with the list. A source that is down is no reason. */
export function answerReadiness(response: ServerResponse, health: AppHealth): void {
  const checks = health.readiness();
  const ready = checks.every((check) => check.ready);
  answerJson(response, ready ? 200 : 503, { ready, checks });
}

/** `PONG` or `DOWN`, epoch milliseconds and ISO time of one source; 404 for a name that is none. */
export function answerPing(response: ServerResponse, pathname: string, health: AppHealth, clock: Clock): void {
  const id = pathname.slice(PING_PATH.length);
  const source = health.sources().find((one) => one.id === id);
  const now = clock.now();
  if (source === undefined) answerText(response, 404, "no such source");
  else answerText(response, source.up ? 200 : 503, `${source.up ? "PONG" : "DOWN"} ${now} ${toIso(now)}`);
}
