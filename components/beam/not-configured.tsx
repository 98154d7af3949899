"use client";
import { Section } from "#components/ui/section.tsx";

const EXAMPLE = `dna:
  - id: …
    beam: { name: worldline@10.0.0.9, cookieFile: /run/secrets/cookie, evaluate: false }`;

const MISSING = [
  ["Running actors", "how many run in each partition, and which"],
  ["Backlog", "what each has buffered, its phase, its memory; the largest first"],
  ["Its own view", "its peers, its cache of owners, when it last refreshed"],
  ["Proof", "that a node believed dead runs or does not run, and that a key runs twice"],
  ["Stopping", "an actor, many of them, or the VM"],
] as const;

/** Without access to the nodes: what is missing, why, and how it is had. */
export function NotConfigured() {
  return (
    <Section title="No access to the nodes of this source is configured">
      <p className="t2">
        Everything else is told from the database alone. What only the nodes themselves can tell is missing:
      </p>
      <table aria-label="What is missing without access to the nodes">
        <tbody>
          {MISSING.map(([what, why]) => (
            <tr key={what}>
              <th scope="row">{what}</th>
              <td className="t2 wrap w100">{why}</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="t2">
        Give the source a name and the cookie of its nodes in the configuration. The console joins as a hidden node: the
        nodes do not see it in their lists, and nothing is installed on them. The cookie is full control over the nodes:
        it stays on this server.
      </p>
      <pre className="yaml mono">{EXAMPLE}</pre>
      <p className="t3 small">
        <code className="mono">worldline check --config …</code> says for each node whether it answers and what it
        lacks.
      </p>
    </Section>
  );
}
