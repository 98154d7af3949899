"use client";
import { useMemo, useState } from "react";
import { formatCount, plural } from "#components/ui/format.ts";
import { StateGlyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { type AgentLine, grouped } from "./agent-lines.ts";

/** Of one group, and groups: the list says the rest. */
const CELLS_MAX = 400;
const GROUPS_MAX = 300;

/** Agents as cells, each under its host or gateway, worst first; the table beside it is the same in words. */
export function AgentMap({ lines }: { readonly lines: readonly AgentLine[] }) {
  const [by, setBy] = useState<"host" | "gateway">("host");
  const groups = useMemo(() => grouped(lines, by), [lines, by]);
  return (
    <Section
      title={by === "host" ? "By host" : "By gateway"}
      note="each mark is an agent"
      aside={
        <fieldset className="seg" aria-label="Grouped by">
          <button type="button" aria-pressed={by === "host"} onClick={() => setBy("host")}>
            Host
          </button>
          <button type="button" aria-pressed={by === "gateway"} onClick={() => setBy("gateway")}>
            Gateway
          </button>
        </fieldset>
      }
    >
      <div className="agent-map">
        {groups.slice(0, GROUPS_MAX).map(({ name, lines: members }) => (
          <section key={name} aria-label={`${name}, ${plural(members.length, "agent")}`}>
            <h3 className="small">
              <bdi>{name}</bdi> <span className="t3">{formatCount(members.length)}</span>
            </h3>
            <div className="agent-cells">
              {members.slice(0, CELLS_MAX).map(({ id, agent }) => (
                <Link key={id} href={routes.agent(id)} className="agent-cell plain" title={`${id}: ${agent.state}`}>
                  <StateGlyph system="agent" word={agent.state} label={`${id}: ${agent.state}`} />
                </Link>
              ))}
            </div>
            {members.length > CELLS_MAX && (
              <p className="t3 small">and {formatCount(members.length - CELLS_MAX)} more in the table</p>
            )}
          </section>
        ))}
      </div>
      {groups.length > GROUPS_MAX && (
        <p className="t3 small">and {formatCount(groups.length - GROUPS_MAX)} more hosts in the table</p>
      )}
    </Section>
  );
}
