"use client";
import { plural } from "#components/ui/format.ts";
import { Glyph } from "#components/ui/glyph.tsx";
import { Name } from "#components/ui/ident.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Since } from "#components/ui/time.tsx";
import type { EpochMs } from "#server/kernel/clock.ts";
import "./actors.css";

interface DoubledProps {
  readonly source: string;
  readonly since: EpochMs;
  readonly evidence: string;
  readonly instances: readonly { readonly incarnation: string | null; readonly node: string }[];
}

/** The alarm that a key runs on several nodes at once: proven, and where. */
export function Doubled({ source, since, evidence, instances }: DoubledProps) {
  return (
    <div className="warn bad" role="alert">
      <p>
        <Glyph tone="failed" shape="square-x" /> <b>It runs {plural(instances.length, "time")} at once</b>, known for{" "}
        <Since at={since} />: {evidence}. Each writes the same storage, and nothing fences it.
      </p>
      <ul className="plain-list">
        {instances.map(({ incarnation, node }) => (
          <li key={`${node} ${incarnation}`} className="mono small">
            {incarnation === null ? (
              <Name text={node} />
            ) : (
              <Link href={routes.node(source, incarnation)}>
                <Name text={node} />
              </Link>
            )}
          </li>
        ))}
      </ul>
    </div>
  );
}
