/** What the palette finds of HAF stacks, agents, hosts, and of the console's own pages about them. Pure. */
import { routes } from "#components/ui/routes.ts";
import { MACHINES } from "#server/contract/diagram/machines.ts";
import type { Folds } from "#server/contract/fold/fold.ts";
import { hostIndex } from "#server/contract/view/hosts.ts";
import { KIND_WORDS, thingWords } from "#server/contract/view/thing-words.ts";
import type { ThingRef } from "#server/contract/view/things.ts";
import { lookOf } from "#server/kernel/states.ts";
import { type Entry, entry, type Group, go } from "./entry.ts";

/** Pages that are reached from others and have no place in the rail. */
export function morePages(folds: Folds, known: readonly { readonly href: string }[]): readonly Entry[] {
  const gathers = Object.values(folds).some(({ family }) => family === "ingest");
  const pages = [
    { title: "Architecture", href: routes.architecture(), words: "console parts readers supervisors itself health" },
    { title: "Life cycles", href: routes.lifecycles(), words: "state machines glossary diagrams" },
    { title: "Alerts", href: routes.alerts(), words: "webhook silence acknowledge notify" },
    ...(gathers
      ? [{ title: "Pipeline", href: routes.pipeline(), words: "agents receivers gateway queue routes" }]
      : []),
  ];
  return pages
    .filter(({ href }) => !known.some((page) => page.href === href))
    .map(({ title, href, words }) => entry("Pages", title, title, go(href), { words }));
}

/** One for each state machine there is. */
export const lifecycleEntries = (): readonly Entry[] =>
  MACHINES.map(({ kind, title }) =>
    entry("Life cycles", kind, title, go(routes.lifecycles({ kind })), {
      detail: "its states, and what each means",
      words: `life cycle ${kind} state machine`,
    }),
  );

type Haf = Extract<Folds[string], { family: "haf" }>;
type Ingest = Extract<Folds[string], { family: "ingest" }>;

export const hafEntries = (folds: Folds, source: string, { apps }: Haf): readonly Entry[] => [
  thingEntry(folds, "HAF", { kind: "haf", source, id: "" }, go(routes.haf({ source })), "hive stack"),
  ...Object.keys(apps).map((app) =>
    thingEntry(folds, "HAF", { kind: "haf-app", source, id: app }, go(routes.haf({ source, app }))),
  ),
];

export const agentEntries = (
  folds: Folds,
  source: string,
  { agents, gateways, pipeline }: Ingest,
): readonly Entry[] => [
  ...Object.entries(agents).map(([id, { about }]) =>
    thingEntry(folds, "Agents", { kind: "agent", source, id }, go(routes.agent(id)), about?.hostname ?? ""),
  ),
  ...Object.keys(gateways).map((id) =>
    thingEntry(
      folds,
      "Agents",
      { kind: "gateway", source, id },
      go(routes.topology({ thing: "gateway", of: source, id })),
    ),
  ),
  ...(pipeline?.receivers ?? []).map(({ id, use, overflow }) =>
    entry("Agents", `receiver ${source} ${id}`, id, go(routes.pipeline({ receiver: id })), {
      detail: `receiver · ${use} · ${overflow}`,
      words: "pipeline queue",
    }),
  ),
];

/** Every host that anything names, by any of its names. */
export const hostEntries = (folds: Folds): readonly Entry[] =>
  hostIndex(folds).hosts.map(({ name, names, members }) => {
    const kinds = [...new Set(members.map(({ ref }) => ref.kind))].map((kind) => {
      const count = members.filter(({ ref }) => ref.kind === kind).length;
      return `${count} ${KIND_WORDS[kind][count === 1 ? 0 : 1]}`;
    });
    return entry("Hosts", name, name, go(routes.topology({ host: name })), {
      detail: kinds.join(", "),
      words: `host ${names.join(" ")}`,
    });
  });

function thingEntry(folds: Folds, group: Group, ref: ThingRef, act: Entry["act"], more = ""): Entry {
  const { title, detail, state } = thingWords(folds, ref);
  const [kind] = KIND_WORDS[ref.kind];
  return entry(group, `${ref.kind} ${ref.source} ${ref.id}`, title, act, {
    detail: [kind, state?.word, detail].filter((part) => part !== undefined && part !== "").join(" · "),
    look: state === null ? null : lookOf(state.system, state.word),
    words: `${ref.id} ${more}`,
  });
}
