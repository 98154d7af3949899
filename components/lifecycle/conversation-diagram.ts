/**
 * Who said what to whom so that a plan was executed, as far as anything of it was written down. Pure.
 *
 * Only the execution history, the lock that is held now, and envelopes that still wait are evidence; messages leave no
 * trace once they were taken. What Dynflow always sends beside those is drawn dashed and called inferred.
 *
 * Source: Dynflow/dynflow 2.0.0 lib/dynflow/dispatcher/client_dispatcher.rb, executor_dispatcher.rb `perform_execution`,
 * connectors/database.rb.
 */
import { cutLabel, type Diagram } from "./diagram.ts";
import { type SequenceMessage, toSequenceDiagram } from "./sequence-diagram.ts";

export interface ConversationFacts {
  readonly history: readonly { readonly name: string; readonly worldId: string | null; readonly clock: string }[];
  /** The ExecutionLock that is held now. */
  readonly lock: {
    readonly worldId: string | null;
    readonly clientWorldId: string | null;
    readonly requestId: string | null;
  } | null;
  /** Envelopes about this plan that wait in inboxes now. */
  readonly waiting: readonly {
    readonly type: string;
    readonly senderId: string;
    readonly receiverId: string;
    readonly stepId: number | null;
  }[];
  readonly nameOf: (worldId: string) => string;
}

export interface Conversation {
  readonly diagram: Diagram;
  readonly lines: readonly (SequenceMessage & { readonly fromName: string; readonly toName: string })[];
  /** Executions that are not drawn: the oldest. */
  readonly cut: number;
}

/** Executions that are drawn; each has seven messages at most. */
const EPISODES_MAX = 5;
const WAITING_MAX = 10;
const START = "start execution";
const ENDS: ReadonlySet<string> = new Set(["pause execution", "finish execution", "terminate execution"]);
const CLIENT = "client";
const DATABASE = "database";
const worldKey = (worldId: string): string => `world ${worldId}`;

export function conversationOf(facts: ConversationFacts): Conversation {
  const starts = facts.history.flatMap(({ name }, index) => (name === START ? [index] : []));
  const cut = Math.max(0, starts.length - EPISODES_MAX);
  const from = cut === 0 ? 0 : (starts[cut] ?? 0);
  const shown = facts.history.slice(from);
  const messages: SequenceMessage[] = [];
  const say = (message: Omit<SequenceMessage, "key">) => messages.push({ ...message, key: String(messages.length) });
  const lastStart = shown.findLastIndex(({ name }) => name === START);
  const isOpen = facts.lock !== null && !shown.slice(lastStart + 1).some(({ name }) => ENDS.has(name));
  for (const [index, { name, worldId, clock }] of shown.entries()) {
    const world = worldId === null ? DATABASE : worldKey(worldId);
    const known = (label: string) => say({ from: world, to: world, label: cutLabel(label), inferred: false });
    if (name !== START) {
      known(`${name} ${clock}`);
      if (name !== "terminate execution" && ENDS.has(name)) sayEnd(say, world);
      continue;
    }
    const lock = index === lastStart && isOpen ? facts.lock : null;
    sayStart(say, world, lock, shown[index - 1]?.name === "terminate execution");
    known(`${name} ${clock}`);
  }
  if (shown.length === 0 && facts.lock?.worldId != null) sayStart(say, worldKey(facts.lock.worldId), facts.lock);
  for (const { type, senderId, receiverId, stepId } of facts.waiting.slice(0, WAITING_MAX)) {
    const about = stepId === null ? type : `${type} of step ${stepId}`;
    say({ from: worldKey(senderId), to: DATABASE, label: about, inferred: false });
    say({ from: DATABASE, to: worldKey(receiverId), label: `${type} waits to be taken`, inferred: false });
  }
  return drawn(facts, messages, cut);
}

type Say = (message: Omit<SequenceMessage, "key">) => void;

/** Asked by envelope, taken, locked, accepted: the lock alone is written down, and who asked, while it is held. */
function sayStart(say: Say, world: string, lock: ConversationFacts["lock"], isSentAnew = false): void {
  const client = clientOf(lock);
  const held = lock !== null;
  if (client === world) say({ from: world, to: world, label: "asks itself: no envelope", inferred: !held });
  else {
    const label = lock?.requestId == null ? "Execution" : `Execution ${shortRequest(lock.requestId)}`;
    // Whoever had ended the dead world's execution has sent it, under the old name and number.
    if (isSentAnew) say({ from: client, to: DATABASE, label: `${label}, sent anew in its name`, inferred: true });
    else say({ from: client, to: DATABASE, label, inferred: !held });
    say({ from: DATABASE, to: world, label: "takes its inbox", inferred: true });
  }
  say({ from: world, to: DATABASE, label: held ? "ExecutionLock, held now" : "ExecutionLock", inferred: !held });
  if (client !== world) say({ from: world, to: client, label: "Accepted", inferred: true });
}

function sayEnd(say: Say, world: string): void {
  say({ from: world, to: DATABASE, label: "releases the lock", inferred: true });
  say({ from: world, to: CLIENT, label: "Done", inferred: true });
}

const clientOf = (lock: ConversationFacts["lock"]): string =>
  lock?.clientWorldId == null ? CLIENT : worldKey(lock.clientWorldId);
/** `<world>-<number>`: the number tells. */
const shortRequest = (requestId: string): string => requestId.slice(requestId.lastIndexOf("-") + 1);

function drawn(facts: ConversationFacts, messages: readonly SequenceMessage[], cut: number): Conversation {
  const keys = [...new Set(messages.flatMap(({ from, to }) => [from, to]))];
  const rank = (key: string): number => (key === CLIENT ? 0 : key === DATABASE ? 2 : isExecutor(key) ? 3 : 1);
  const executors = new Set(
    facts.history
      .flatMap(({ worldId }) => worldId ?? [])
      .concat(facts.lock?.worldId ?? [])
      .map(worldKey),
  );
  const isExecutor = (key: string): boolean => executors.has(key);
  const nameOf = (key: string): string => {
    if (key === CLIENT) return "whoever asked";
    if (key === DATABASE) return "database: inboxes, locks";
    return cutLabel(facts.nameOf(key.slice("world ".length)));
  };
  const actors = keys.toSorted((a, b) => rank(a) - rank(b)).map((key) => ({ key, label: nameOf(key) }));
  const diagram = toSequenceDiagram({ title: "Conversation of its execution", actors, messages });
  return {
    diagram,
    lines: messages.map((line) => ({ ...line, fromName: nameOf(line.from), toName: nameOf(line.to) })),
    cut,
  };
}
