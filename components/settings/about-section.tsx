"use client";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts, Section } from "#components/ui/section.tsx";
import { useSession } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import type { Outputs } from "#components/ui/trpc.ts";
import type { EpochMs } from "#server/kernel/clock.ts";

type About = Outputs["settings"]["get"]["about"];

/** What this console is, for whoever writes a report about it. */
export function AboutSection({ about }: { readonly about: About }) {
  const demo = useSession()?.demo ?? null;
  const facts: readonly Fact[] = [
    {
      name: "Worldline",
      value: about.version,
      source: (
        <>
          pages <span className="mono">{about.build}</span>
        </>
      ),
    },
    {
      name: "Runs",
      value: (
        <>
          since <Instant at={Date.parse(about.startedAt) as EpochMs} />
        </>
      ),
      source: `Node ${about.node}`,
    },
    { name: "Journal", value: storeText(about.journal), source: roleText(about.journal) },
    {
      name: "Systems",
      value: demo === null ? "those of the configuration" : "simulated in this process",
      source: demo === null ? "" : `the demo, at ${demo.speed} times the pace of life`,
    },
    { name: "Licence", value: about.licence, source: "parts of others bear theirs, in node_modules" },
  ];
  return (
    <Section
      className="sec-gap"
      title="About"
      note="what this console is"
      aside={<Link href={routes.architecture()}>How it fares</Link>}
    >
      <Facts wide facts={facts} />
    </Section>
  );
}

const storeText = ({ store }: About["journal"]): string =>
  store === "sqlite" ? "in files of this machine (SQLite)" : "in ScyllaDB or Cassandra, shared by consoles";

function roleText({ role, writer }: About["journal"]): string {
  if (role === "writer") return "this console writes it";
  return writer === null
    ? "this console follows; nobody writes it at present"
    : `this console follows; ${writer} writes it`;
}
