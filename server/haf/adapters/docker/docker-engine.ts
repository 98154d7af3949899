/**
 * The containers of one compose project by a Docker engine, read only. Source of facts: Docker Engine API 1.41 on
 * (`/containers/json`, `/containers/<id>/json`, `/events`, `/info`); podman serves the same.
 */
import { z } from "zod";
import { dependenciesOf, stateOfContainer } from "#server/haf/domain/container-state.ts";
import type { HafContainer, HafContainerEvent, HafEngine } from "#server/haf/ports.ts";
import { type EpochMs, epochMs } from "#server/kernel/clock.ts";
import { OpsError } from "#server/kernel/errors.ts";
import { createEngineHttp, type EngineHttp, type EngineWay } from "./engine-http.ts";

const CONTAINERS_MAX = 500;
/** Containers that are asked for at the same time. */
const INSPECTED_AT_ONCE = 6;
/**
 * What is done with a container and changes nothing of it. Each health check is three of them: with dozens of services
 * they come without end.
 */
const NO_CHANGE = /^(exec_|top$|attach$|detach$|resize$|archive-path$|extract-to-dir$|export$|commit$|copy$)/;
const TEXT_MAX_CHARS = 300;

const PROJECT = "com.docker.compose.project";
const SERVICE = "com.docker.compose.service";
const NUMBER = "com.docker.compose.container-number";
const DEPENDS_ON = "com.docker.compose.depends_on";
const VERSION = "org.opencontainers.image.version";

const text = z.string().transform((value) => value.slice(0, TEXT_MAX_CHARS));
const labels = z.record(z.string(), z.string()).nullish();
const listed = z.object({
  Id: z.string().regex(/^[0-9a-f]{12,64}$/i),
  Names: z.array(text).nullish(),
  Image: text,
  Labels: labels,
});
const inspected = z.object({
  State: z.object({
    Status: z.string(),
    ExitCode: z.number().nullish(),
    StartedAt: z.string().nullish(),
    FinishedAt: z.string().nullish(),
    Health: z.object({ Status: z.string() }).nullish(),
  }),
});
const happened = z.object({
  Action: z.string(),
  time: z.number(),
  timeNano: z.number().nullish(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).nullish() }),
});
const info = z.object({ Name: text.nullish() });

export interface DockerEngineOptions {
  readonly way: EngineWay;
  /** Value of the label `com.docker.compose.project`. */
  readonly project: string;
  /** Longest wait for one answer; left out = 4 s. */
  readonly answerTimeoutMs?: number;
}

export function createDockerEngine({ way, project, answerTimeoutMs }: DockerEngineOptions): HafEngine {
  const http = createEngineHttp(way, answerTimeoutMs);
  const closed = new AbortController();
  const label = `${PROJECT}=${project}`;
  let host: string | null = null;
  /** Seconds with nanoseconds behind the point, as the engine takes it. */
  let since: string | null = null;
  let lastNano = 0;

  const withClosed = (signal: AbortSignal | undefined): AbortSignal =>
    signal === undefined ? closed.signal : AbortSignal.any([signal, closed.signal]);

  async function hostName(signal: AbortSignal): Promise<string | null> {
    host ??= info.safeParse(await http.json("/info", signal)).data?.Name ?? null;
    return host;
  }

  return {
    async containers(signal) {
      const both = withClosed(signal);
      const filters = encodeURIComponent(JSON.stringify({ label: [label] }));
      const found = parsed(z.array(listed), await http.json(`/containers/json?all=1&filters=${filters}`, both));
      if (found.length > CONTAINERS_MAX)
        throw new OpsError("limit-exceeded", `The project has ${found.length} containers, more than ${CONTAINERS_MAX}`);
      const name = await hostName(both);
      const containers: (HafContainer | null)[] = [];
      for (let index = 0; index < found.length; index += INSPECTED_AT_ONCE) {
        const some = found.slice(index, index + INSPECTED_AT_ONCE);
        containers.push(...(await Promise.all(some.map((one) => inspect(http, one, name, both)))));
      }
      return containers.filter((container) => container !== null);
    },
    async *events(signal) {
      const both = withClosed(signal);
      const filters = encodeURIComponent(JSON.stringify({ label: [label], type: ["container"] }));
      const from = since === null ? "" : `&since=${since}`;
      for await (const line of http.lines(`/events?filters=${filters}${from}`, both)) {
        const event = toEvent(line);
        if (event === null || event.nano <= lastNano) continue;
        lastNano = event.nano;
        since = (event.nano / 1e9).toFixed(9);
        if (!NO_CHANGE.test(event.event.action)) yield event.event;
      }
    },
    async close() {
      closed.abort(new OpsError("cancelled", "The console closes"));
    },
  };
}

function parsed<T>(schema: z.ZodType<T>, value: unknown): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new OpsError("upstream-malformed", "The Docker engine's answer has another shape than expected", {
    cause: result.error,
  });
}

/** `null` = it is gone by now, or is of no service of compose. */
async function inspect(
  http: EngineHttp,
  { Id: id, Names, Image: image, Labels }: z.output<typeof listed>,
  host: string | null,
  signal: AbortSignal,
): Promise<HafContainer | null> {
  const service = Labels?.[SERVICE];
  if (service === undefined || Labels?.["com.docker.compose.oneoff"] === "True") return null;
  const answer = await http.json(`/containers/${id}/json`, signal).catch((cause: unknown) => {
    if (cause instanceof OpsError && cause.code === "not-found") return null;
    throw cause;
  });
  if (answer === null) return null;
  const { State } = parsed(inspected, answer);
  const exitCode = State.Status === "exited" || State.Status === "dead" ? (State.ExitCode ?? null) : null;
  const health = State.Health?.Status ?? null;
  return {
    id,
    name: (Names?.[0] ?? id).replace(/^\//, ""),
    service: service.slice(0, TEXT_MAX_CHARS),
    number: Number(Labels?.[NUMBER] ?? "1") || 1,
    image,
    version: Labels?.[VERSION] ?? null,
    state: stateOfContainer({ status: State.Status, health, exitCode }),
    exitCode,
    startedAt: instantOf(State.StartedAt),
    finishedAt: instantOf(State.FinishedAt),
    host,
    dependsOn: dependenciesOf(Labels?.[DEPENDS_ON] ?? ""),
  };
}

/** The engine writes the year 1 for never. */
function instantOf(told: string | null | undefined): EpochMs | null {
  const at = Date.parse(told ?? "");
  return Number.isFinite(at) && at > 0 ? epochMs(at) : null;
}

/** A line that is no event of a container is passed by: the list is read now and then all the same. */
function toEvent(line: string): { readonly nano: number; readonly event: HafContainerEvent } | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const result = happened.safeParse(value);
  if (!result.success) return null;
  const { Action: action, time, timeNano, Actor } = result.data;
  const nano = timeNano ?? time * 1e9;
  const code = Number(Actor.Attributes?.exitCode ?? "");
  return {
    nano,
    event: {
      containerId: Actor.ID,
      service: Actor.Attributes?.[SERVICE] ?? "",
      action,
      exitCode: action === "die" && Number.isInteger(code) ? code : null,
      at: epochMs(Math.floor(nano / 1e6)),
    },
  };
}
