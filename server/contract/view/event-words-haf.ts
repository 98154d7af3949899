/** Events of a HAF stack in words. Pure; total. */
import { type JournalEvent, shownText } from "#server/contract/event.ts";
import { own } from "#server/contract/fold/record.ts";
import { HAF_CHECKS, type HafEventBodies, type HafRoleRef } from "#server/contract/haf.ts";
import { lookOf, type Shape, TONE_SHAPE, type Tone } from "#server/kernel/states.ts";
import { HAF_CHECK_TEXTS } from "./haf-checks.ts";
import { formatCount, plural } from "./words.ts";

type HafEvent = Extract<JournalEvent, { readonly kind: keyof HafEventBodies }>;
type Look = Pick<Told, "tone" | "shape">;

interface Told {
  readonly tone: Tone;
  readonly shape: Shape;
  readonly what: string;
  readonly subject: string | undefined;
}

const PLAIN: Look = { tone: "idle", shape: "ring" };
const toned = (tone: Tone): Look => ({ tone, shape: TONE_SHAPE[tone] });

/** The event as it is told. */
export function hafWords(event: HafEvent): Told {
  const told = (what: string, look: Look = PLAIN, subject: string = event.subject): Told => ({
    ...look,
    what,
    subject,
  });
  switch (event.kind) {
    case "haf.database.changed": {
      const { version, postgres, seesApps } = event.body;
      const blind = seesApps ? "" : ", the role that reads sees no apps";
      return told(`HAF ${version ?? "of unknown version"} on PostgreSQL ${Math.floor(postgres / 10_000)}${blind}`);
    }
    case "haf.stack.state_changed": {
      const { from, to, evidence } = event.body;
      const worst = to.at(-1);
      const look = worst === undefined ? PLAIN : lookOf("haf", worst);
      return told(`${phases(from)} → ${phases(to)}, ${evidence}`, look);
    }
    case "haf.sync_state.changed": {
      const { from, to, expected } = event.body;
      if (from === null) return told(`hived is in ${to}`);
      return expected
        ? told(`hived goes from ${from} to ${to}`, toned(to === "LIVE" ? "good" : "working"))
        : told(`hived goes from ${from} to ${to}, which it never does by itself`, toned("attention"));
    }
    case "haf.ready.changed":
      return event.body.ready
        ? told(`the instance is ready, ${event.body.evidence}`, toned("good"))
        : told(`the instance is not ready, ${event.body.evidence}`, toned("working"));
    case "haf.indexes.changed":
      return told(indexWords(event.body), event.body.stuck.length > 0 ? toned("attention") : PLAIN);
    case "haf.progress": {
      const { block, head } = event.body;
      const far = head === null ? "" : ` of ${formatCount(head)}`;
      return told(`the last irreversible block is ${formatCount(block)}${far}`);
    }
    case "haf.block.rewound": {
      const { from, to } = event.body;
      return told(
        `the last irreversible block went from ${formatCount(from)} back to ${formatCount(to)}`,
        toned("attention"),
      );
    }
    case "haf.fork.switched": {
      const { forkId, block } = event.body;
      return told(`the chain is on fork ${forkId} from block ${formatCount(block)} on`, toned("attention"));
    }
    case "haf.hived.connected": {
      const { gitSha, block, again } = event.body;
      const build = gitSha === null ? "" : `, build ${gitSha.slice(0, 8)}`;
      return again
        ? told(`hived started again at block ${formatCount(block)}${build}`, toned("attention"))
        : told(`hived started at block ${formatCount(block)}${build}`);
    }
    case "haf.app.state_changed":
    case "haf.app.changed":
    case "haf.app.logged":
      return appWords(event, told);
    case "haf.role.changed": {
      const { to, inferred, evidence } = event.body;
      const how = inferred ? ", told from the database" : "";
      return told(`${roleWords(event.body)} is ${to}, ${evidence}${how}`, lookOf("hafRole", to), roleWords(event.body));
    }
    case "haf.docker.changed": {
      const { state, reason } = event.body;
      const why = reason === null ? "" : `, ${shownText(reason)}`;
      if (state === "down") return told(`the Docker engine is not reached${why}`, toned("attention"));
      return told(state === "up" ? "the Docker engine answers" : `the Docker engine is ${state}`);
    }
    case "haf.check.changed":
      return checkWords(event, told);
    default:
      return event satisfies never;
  }
}

type Of<K extends HafEvent["kind"]> = Extract<HafEvent, { readonly kind: K }>;
type Tell = (what: string, look?: Look, subject?: string) => Told;

const phases = (list: readonly string[]): string =>
  list.length === 0 ? "–" : list.map((phase) => phase.replaceAll("_", " ")).join(" + ");

function indexWords({ missing, creating, created, stuck }: HafEventBodies["haf.indexes.changed"]): string {
  const all = missing + creating + created;
  if (all === 0) return "no index is registered";
  if (missing + creating === 0) return `all ${plural(created, "index", "indexes")} are created`;
  const idle =
    stuck.length === 0 ? "" : `, nobody builds ${stuck[0]}${stuck.length > 1 ? ` and ${stuck.length - 1} more` : ""}`;
  return `${created} of ${plural(all, "index", "indexes")} are created, ${creating} are being created${idle}`;
}

function appWords(event: Of<"haf.app.state_changed" | "haf.app.changed" | "haf.app.logged">, told: Tell): Told {
  switch (event.kind) {
    case "haf.app.state_changed": {
      const { from, app, evidence } = event.body;
      return told(`${from ?? "–"} → ${app.state}, ${evidence}`, lookOf("hafApp", app.state));
    }
    case "haf.app.changed": {
      const { stage, block, attached, forkId } = event.body;
      const parts = [
        block === null ? "at no block" : `at block ${formatCount(block)}`,
        stage === null ? "without a stage" : `in stage ${stage}`,
        attached ? "attached" : "not attached",
        ...(forkId === null ? [] : [`on fork ${forkId}`]),
      ];
      return told(`is ${parts.join(", ")}`);
    }
    case "haf.app.logged": {
      const { event: word, stage, block } = event.body;
      const where = block === null ? "" : ` at block ${formatCount(block)}`;
      return told(`${own(LOGGED, word)?.(stage) ?? `wrote ${word} into its log`}${where}`, loggedLook(word));
    }
    default:
      return event satisfies never;
  }
}

const LOGGED: Readonly<Record<string, (stage: string | null) => string>> = {
  CREATED: () => "was created",
  ATTACHED: () => "was attached",
  DETACHED: () => "was detached",
  REMOVED: () => "was removed",
  STATE_CHANGED: (stage) => `went into stage ${stage ?? "none"}`,
  SLOW_PROCESSING: (stage) => `took longer than stage ${stage ?? "none"} allows`,
};

const loggedLook = (word: string): Look => (word === "SLOW_PROCESSING" ? toned("attention") : PLAIN);

function roleWords({ role, app, generation }: HafRoleRef): string {
  const name = role.replaceAll("_", " ");
  const of = app === null ? "" : ` of ${app}`;
  return `${name}${of}${generation > 1 ? ` (${generation})` : ""}`;
}

function checkWords(event: Of<"haf.check.changed">, told: Tell): Told {
  const { to, evidence } = event.body;
  const check = HAF_CHECKS.find((known) => known === event.subject);
  const look = lookOf("health", to);
  if (check === undefined) return told(`${to}, ${evidence}`, look);
  const { title, trouble } = HAF_CHECK_TEXTS[check];
  if (to === "ok") return told(`${title}: ${evidence}`, look);
  return told(to === "not-known" ? `${title} is not known: ${evidence}` : `${trouble}: ${evidence}`, look);
}
