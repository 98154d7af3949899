/** One journal event in words and in the state language, for lists and for the time bar. Pure; total. */

import { DRAIN_RULES } from "#server/contract/drain-rules.ts";
import {
  type ActorFacts,
  type JournalEvent,
  type OwnerFacts,
  type PlanFacts,
  shownText,
} from "#server/contract/event.ts";
import { WHOLE_NODE_ACTIONS } from "#server/contract/safety.ts";
import { lookOf, type Shape, TONE_SHAPE, type Tone } from "#server/kernel/states.ts";
import { agentWords } from "./event-words-agents.ts";
import { hafWords } from "./event-words-haf.ts";
import {
  formatAgeMs,
  formatBytes,
  formatCount,
  formatDurationMs,
  formatInstantFull,
  plural,
  shortId,
  shortIncarnation,
  splitClassName,
} from "./words.ts";

export interface EventWords {
  readonly tone: Tone;
  readonly shape: Shape;
  /** What it is about, short. */
  readonly subject: string;
  /** What happened: `alive → late, 10 s without a change`. */
  readonly what: string;
}

type Look = Pick<EventWords, "tone" | "shape">;
const PLAIN: Look = { tone: "idle", shape: "ring" };
const look = (tone: Tone): Look => ({ tone, shape: TONE_SHAPE[tone] });

const DUPLICATE: Look = lookOf("actor", "duplicate");

const said = (text: string, how: Look = PLAIN, subject?: string) => ({ what: text, ...how, subject });

/** The event as it is told. A kind that is not known is told by its name. */
export function eventWords(event: JournalEvent): EventWords {
  const told = tell(event);
  return { tone: told.tone, shape: told.shape, what: told.what, subject: told.subject ?? shortId(event.subject) };
}

function tell(event: JournalEvent): Look & { readonly what: string; readonly subject: string | undefined } {
  switch (event.kind) {
    case "source.state_changed": {
      const { from, to, reason } = event.body;
      return said(`${from ?? "–"} → ${to}${because(reason)}`, lookOf("source", to), event.subject);
    }
    case "dna.node.seen":
      return said(`seen for the first time as ${shortIncarnation(event.subject)}`, look("unknown"), event.body.node);
    case "dna.node.forgotten":
      return said(`forgotten, ${event.body.evidence}`, PLAIN, shortIncarnation(event.subject));
    case "dna.node.flag_changed": {
      const { flag, set, evidence } = event.body;
      const how = set ? lookOf("node", flag) : PLAIN;
      return said(
        `${set ? "is" : "is no longer"} ${flag.replace("_", " ")}, ${evidence}`,
        how,
        shortIncarnation(event.subject),
      );
    }
    case "dna.incarnation.state_changed": {
      const { from, to, evidence, silentMs } = event.body;
      const silence = to === "late" || to === "silent" ? `, ${formatAgeMs(silentMs)} without a change` : "";
      return said(`${from ?? "–"} → ${to}${silence}, ${evidence}`, lookOf("node", to), shortIncarnation(event.subject));
    }
    case "dna.row.unreadable":
      return event.body.reason === null
        ? said("can be read again", PLAIN, event.subject)
        : said(`cannot be read: ${event.body.reason}`, look("attention"), event.subject);
    case "dna.database.changed":
      return said(`${event.body.product}, ${plural(event.body.hosts.length, "host")}`, PLAIN, event.body.name);
    case "dna.census.finished": {
      const { rows, unreadableRows, counts, startedAt, finishedAt } = event.body;
      const keys = counts.reduce((sum, count) => sum + count.keys, 0);
      const broken = unreadableRows === 0 ? "" : `, ${plural(unreadableRows, "row")} unreadable`;
      return said(
        `counted ${formatCount(keys)} keys in ${plural(rows, "row")} within ${formatDurationMs(finishedAt - startedAt)}${broken}`,
        look("good"),
        event.body.incarnationId === null ? event.subject : shortIncarnation(event.body.incarnationId),
      );
    }
    case "dna.health.changed": {
      const { from, to, evidence } = event.body;
      return said(
        `${from === null ? "" : `${from.replace("-", " ")} → `}${to.replace("-", " ")}: ${evidence}`,
        lookOf("health", to),
        event.subject,
      );
    }
    case "dna.actor.seen":
      return said(`${ownerWords(event.body.owner)}, as first looked at`, PLAIN, actorName(event.body));
    case "dna.actor.owner_changed": {
      const { from, to } = event.body;
      const how = to.unreadable !== null ? look("attention") : look(to.incarnation === null ? "unknown" : "good");
      return said(`${ownerWords(from)} → ${claimWords(from, to)}`, how, actorName(event.body));
    }
    case "dna.actor.released": {
      const { owner, jobId } = event.body;
      return said(
        `released from ${shortIncarnation(owner)} by job ${shortId(jobId)}`,
        look("working"),
        actorName(event.body),
      );
    }
    case "dna.actor.claimed": {
      const { owner, to, jobId } = event.body;
      return said(
        `given from ${shortIncarnation(owner)} to ${shortIncarnation(to)} by job ${shortId(jobId)}`,
        look("working"),
        actorName(event.body),
      );
    }
    case "dna.census.adjusted": {
      const { changes, jobId } = event.body;
      const of = (released: boolean): number =>
        changes.reduce((sum, { to, keys }) => ((to === null) === released ? sum + keys : sum), 0);
      const parts = [
        ...(of(true) > 0 ? [`${plural(of(true), "key")} released`] : []),
        ...(of(false) > 0 ? [`${plural(of(false), "key")} given to other nodes`] : []),
      ];
      return said(`${parts.join(", ")} by job ${shortId(jobId)}`, look("working"), shortIncarnation(event.subject));
    }
    case "dna.actor.unwatched":
      return said(`not read any more: ${event.body.reason}`, PLAIN, actorName(event.body));
    case "dna.beam.changed": {
      const { node, state, reason, identity } = event.body;
      const as = identity === null ? "" : ` as ${shortIncarnation(identity)}`;
      return said(`BEAM ${state === "none" ? "not asked" : state}${as}${because(reason)}`, lookOf("beam", state), node);
    }
    case "dna.node.count_fell": {
      const { node, before, after, withinMs } = event.body;
      return said(
        `running instances fell from ${formatCount(before)} to ${formatCount(after)} within ${formatDurationMs(withinMs)}`,
        look("failed"),
        node,
      );
    }
    case "dna.actor.doubled": {
      const nodes = event.body.instances.map(({ node }) => node).join(" and ");
      return said(`runs on ${nodes} at the same time, ${event.body.evidence}`, DUPLICATE, actorName(event.body));
    }
    case "dna.actor.undoubled":
      return said(`no longer told as doubled: ${event.body.reason}`, PLAIN, actorName(event.body));
    case "dynflow.plan.created":
      return said(`${className(event.body)} ${event.body.state}`, lookOf("plan", event.body.state));
    case "dynflow.plan.state_changed":
      return said(
        `${event.body.from} → ${event.body.plan.state}, ${className(event.body.plan)}${failure(event.body.plan)}`,
        planLook(event.body.plan),
      );
    case "dynflow.plan.result_changed":
      return said(`result ${event.body.from} → ${event.body.plan.result}`, lookOf("result", event.body.plan.result));
    case "dynflow.plan.changed":
      return said(`${className(event.body.plan)} changed`, PLAIN);
    case "dynflow.plan.gone":
      return said(`row is gone, was ${event.body.from}`, look("attention"));
    case "dynflow.step.state_changed": {
      const { planId, stepId, from, to, actionClass } = event.body;
      const text = `step ${stepId} ${from ?? "–"} → ${to}, ${splitClassName(actionClass)[1]}`;
      return said(text, lookOf("step", to), `${shortId(planId)} · ${stepId}`);
    }
    case "dynflow.world.registered":
      return said(
        `registered${event.body.executor ? " as executor" : ""}`,
        look("good"),
        event.body.hostname ?? undefined,
      );
    case "dynflow.world.changed":
      return said("record changed", PLAIN, event.body.hostname ?? undefined);
    case "dynflow.world.gone":
      return said("record is gone", { tone: "idle", shape: "slash" });
    case "dynflow.world.pong":
      return said(`answered a ping after ${formatDurationMs(event.body.roundTripMs)}`, look("good"));
    case "dynflow.world.ping_timeout":
      return said(`no answer to a ping in ${formatDurationMs(event.body.waitedMs)}`, look("attention"));
    case "dynflow.lock.acquired":
      return said(`${splitClassName(event.body.class)[1]} acquired`, PLAIN, shortId(event.body.id));
    case "dynflow.lock.released":
      return said(`${splitClassName(event.body.class)[1]} released`, PLAIN, shortId(event.body.id));
    case "dynflow.envelope.undecodable":
      return said(
        `a message for us that cannot be read, ${event.body.bytes} B: ${event.body.reason}`,
        look("attention"),
      );
    case "op.requested":
    case "op.executed":
    case "op.failed":
    case "op.denied":
    case "op.unknown":
    case "op.verified":
    case "op.unverified": {
      const phase = event.kind.slice("op.".length);
      const who = event.actor === null ? "" : `${event.actor.user}: `;
      const { action, target, found } = event.body;
      return said(
        `${who}${action} ${phase}${because(found === null ? null : shownText(found))}`,
        lookOf("operation", phase),
        shortId(target),
      );
    }
    case "attention.acknowledged":
      return said(
        `${event.actor === null ? "" : `${event.actor.user} `}has it until ${formatInstantFull(event.body.until, "utc")}`,
        PLAIN,
        findingKind(event.body.finding),
      );
    case "attention.released":
      return said(
        `${event.actor === null ? "" : `${event.actor.user}: `}nobody has it any more`,
        PLAIN,
        findingKind(event.body.finding),
      );
    case "dna.drain.step":
      return said(
        `drain: ${DRAIN_RULES[event.body.step].title.toLowerCase()}${event.body.outcome === "skipped" ? ", left out" : ""}${because(event.body.evidence)}`,
        look("working"),
        event.body.node,
      );
    case "dna.drain.abandoned":
      return said("the drain is abandoned", PLAIN, event.body.node);
    case "safety.read_only":
      return said(
        `${event.actor === null ? "" : `${event.actor.user}: `}${event.body.on ? "the console is read-only" : "actions are allowed again"}`,
        look(event.body.on ? "attention" : "good"),
        "console",
      );
    case "approval.asked":
      return said(
        `${event.actor === null ? "" : `${event.actor.user} `}asks a second person: ${WHOLE_NODE_ACTIONS[event.body.action]} ${event.body.title}`,
        look("attention"),
        "approval",
      );
    case "approval.decided":
      return said(
        `${event.actor === null ? "" : `${event.actor.user} `}${event.body.granted ? "agrees" : "does not agree"}`,
        PLAIN,
        "approval",
      );
    case "approval.used":
      return said("the approval is used", PLAIN, "approval");
    case "job.created":
      return said(`${event.body.title}, asked for by ${event.body.requestedBy}`, look("working"), "job");
    case "job.state_changed":
      return said(
        `${event.body.job.title}: ${event.body.from} → ${event.body.job.state}`,
        lookOf("job", event.body.job.state),
        "job",
      );
    case "console.started":
      return said(
        `Worldline ${event.body.version} ${startOf(event.body)}${event.body.demo ? " on its demo" : ""}`,
        look("good"),
        "console",
      );
    case "console.stopped":
      return said(`Worldline stopped: ${event.body.reason}`, { tone: "idle", shape: "stop" }, "console");
    case "console.retention_applied": {
      const { chain, events, bytes, droppedBefore, why } = event.body;
      const what = chain === "operator" ? "operators' and the console's own" : "observed";
      const reason = DROPPED_BECAUSE[why];
      return said(
        `dropped ${plural(events, "event")} (${what}) from before ${formatInstantFull(droppedBefore, "utc")}, ${formatBytes(bytes)}: ${reason}`,
        PLAIN,
        "journal",
      );
    }
    case "console.clock_stepped": {
      const { from, to } = event.body;
      return said(
        `the clock went back ${formatDurationMs(from - to)}; what is seen is stamped ${formatInstantFull(from, "utc")} at the earliest`,
        look("attention"),
        "clock",
      );
    }
    case "haf.database.changed":
    case "haf.stack.state_changed":
    case "haf.sync_state.changed":
    case "haf.ready.changed":
    case "haf.indexes.changed":
    case "haf.progress":
    case "haf.block.rewound":
    case "haf.fork.switched":
    case "haf.hived.connected":
    case "haf.app.state_changed":
    case "haf.app.changed":
    case "haf.app.logged":
    case "haf.role.changed":
    case "haf.docker.changed":
    case "haf.check.changed":
      return hafWords(event);
    case "agent.seen":
    case "agent.state_changed":
    case "agent.restarted":
    case "agent.gap":
    case "agent.skew_changed":
    case "agent.message":
    case "ingest.pipeline.changed":
    case "ingest.gateway.changed":
    case "ingest.receiver.changed":
      return agentWords(event);
    case "alert.silenced": {
      const { kind, stream, finding, until } = event.body;
      const what = finding === null ? (kind ?? "every kind").replaceAll("_", " ") : findingKind(finding);
      const where = stream === null ? "" : ` of ${stream}`;
      return said(
        `${what}${where} is told to nobody until ${formatInstantFull(until, "utc")}`,
        look("waiting"),
        "alerts",
      );
    }
    case "alert.unsilenced":
      return said("is told again", PLAIN, "alerts");
    case "alert.told": {
      const { what, finding, severity } = event.body;
      return said(`told ${what}: ${findingKind(finding)}`, what === "resolved" ? PLAIN : look(severity), event.subject);
    }
    case "alert.sink.changed": {
      const { to, reason } = event.body;
      const words =
        to === "ok" ? "takes alerts" : `takes no alerts${because(reason === null ? null : shownText(reason))}`;
      return said(words, look(to === "ok" ? "good" : "failed"), event.subject);
    }
    case "console.reader.changed": {
      const { state, reason } = event.body;
      return said(
        `${state}${because(reason === null ? null : shownText(reason))}`,
        lookOf("reader", state),
        event.subject,
      );
    }
    default:
      return unknownKind(event);
  }
}

/** `paused plans` of a finding's id. */
const findingKind = (finding: string): string => (finding.split("|", 1)[0] ?? finding).replaceAll("_", " ");

const actorName = ({ name }: ActorFacts): string =>
  name === "" ? "(empty name)" : name.length > ACTOR_NAME_CHARS ? `${name.slice(0, ACTOR_NAME_CHARS - 1)}…` : name;
const ACTOR_NAME_CHARS = 60;

function ownerWords({ incarnation, unreadable }: OwnerFacts): string {
  if (unreadable !== null) return `a row that cannot be read (${unreadable})`;
  return incarnation === null ? "nobody owns it" : `owned by ${shortIncarnation(incarnation)}`;
}

/** The same owner with another claim has lost the key meanwhile, or never had it by this claim. */
const claimWords = (from: OwnerFacts, to: OwnerFacts): string =>
  to.incarnation !== null && to.incarnation === from.incarnation
    ? `claimed anew by ${shortIncarnation(to.incarnation)}`
    : ownerWords(to);

const DROPPED_BECAUSE = {
  age: "kept long enough",
  size: "the journal was too large",
  count: "the journal held too many events",
} as const;

/** A kind of a later version of the console: kept and shown. */
function unknownKind(event: never): ReturnType<typeof tell> {
  const { kind } = event as JournalEvent;
  return said(String(kind), look("unknown"));
}

const because = (reason: string | null): string => (reason === null ? "" : `, ${reason}`);
const className = ({ rootActionClass, label }: PlanFacts): string =>
  splitClassName(rootActionClass ?? label ?? "plan")[1];

function failure({ failure: failed }: PlanFacts): string {
  return failed === null
    ? ""
    : `, step ${failed.stepId} ${splitClassName(failed.actionClass)[1]}: ${failed.exceptionClass}`;
}

/** A plan that stops or pauses on an error is red, whatever the state's own tone. */
function planLook({ state, result, failure: failed }: PlanFacts): Look {
  if (state === "stopped") return lookOf("result", result);
  return state === "paused" && failed !== null ? look("failed") : lookOf("plan", state);
}

const startOf = ({ by }: { readonly by?: string }): string =>
  by === undefined ? "started" : `on ${by} began to write the journal`;
