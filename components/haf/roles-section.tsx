"use client";
import { plural } from "#components/ui/format.ts";
import { State } from "#components/ui/glyph.tsx";
import { useIsPast } from "#components/ui/instants.ts";
import { Section } from "#components/ui/section.tsx";
import { Since } from "#components/ui/time.tsx";
import { Empty } from "#components/ui/widget.tsx";
import { HAF_PROCESS_PARTIES } from "#server/contract/diagram/haf-process.ts";
import type { HafFold, HafRoleFold } from "#server/contract/fold/haf.ts";
import { own } from "#server/contract/fold/record.ts";
import { HAF_ROLES, hafRoleKey } from "#server/contract/haf.ts";
import type { Stack } from "./use-stacks.ts";

/** Who took or takes part, each life of it; and whether it was seen or only follows from the database. */
export function RolesSection({ stack: { fold } }: { readonly stack: Stack }) {
  const lives = Object.values(fold.roles).sort(
    (a, b) =>
      HAF_ROLES.indexOf(a.role) - HAF_ROLES.indexOf(b.role) ||
      order(fold, a) - order(fold, b) ||
      a.generation - b.generation,
  );
  const alive = lives.filter(({ state }) => state === "alive" || state === "starting" || state === "sick").length;
  return (
    <Section
      title="Containers and roles"
      note={<Docker fold={fold} />}
      aside={plural(alive, "alive", "alive")}
      className="haf-sec"
    >
      {lives.length === 0 ? (
        <Empty title="Nobody was seen yet." />
      ) : (
        <table aria-label="Containers and roles" className="haf-roles">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Role</th>
              <th scope="col">App</th>
              <th scope="col" className="p3">
                Does
              </th>
              <th scope="col" className="w100 p2">
                Container
              </th>
              <th scope="col" className="num">
                exit
              </th>
              <th scope="col" className="num p2">
                for
              </th>
              <th scope="col">Known by</th>
            </tr>
          </thead>
          <tbody>
            {lives.map((life) => (
              <Row key={hafRoleKey(life)} life={life} />
            ))}
          </tbody>
        </table>
      )}
    </Section>
  );
}

const order = ({ apps }: HafFold, { app }: HafRoleFold): number =>
  app === null ? -1 : (own(apps, app)?.contextId ?? Number.MAX_SAFE_INTEGER);

function Row({ life }: { readonly life: HafRoleFold }) {
  const { role, app, generation, state, inferred, since, exitCode, container } = life;
  return (
    <tr>
      <td>
        <State system="hafRole" word={state} quiet={state === "alive"} />
      </td>
      <th scope="row" className="nowrap">
        {HAF_PROCESS_PARTIES[role].title}
        {generation > 1 && <span className="t3"> ({generation})</span>}
      </th>
      <td>
        <bdi>{app ?? "–"}</bdi>
      </td>
      <td className="p3 t2">{HAF_PROCESS_PARTIES[role].runs}</td>
      <td className="w100 trunc p2 t2">
        {container === null ? (
          <span className="t3">none seen</span>
        ) : (
          <bdi title={container.image}>
            {container.name} <span className="t3">{container.image}</span>
          </bdi>
        )}
      </td>
      <td className={`num${exitCode !== null && exitCode !== 0 ? " t-failed tone" : ""}`}>{exitCode ?? "–"}</td>
      <td className="num p2">
        <Since at={since} />
      </td>
      <td className={inferred ? "t3" : ""}>{inferred ? "inferred" : "seen"}</td>
    </tr>
  );
}

function Docker({ fold: { docker } }: { readonly fold: HafFold }) {
  const past = useIsPast();
  switch (docker.state) {
    case "none":
      return "no Docker engine is configured: what runs is inferred from the database";
    case "starting":
      return "the Docker engine is being asked";
    case "up":
      return past ? "as the Docker engine told then" : "as the Docker engine tells";
    default:
      return (
        <span className="t-attention tone">
          the Docker engine does not answer{typeof docker.reason === "string" ? `: ${docker.reason}` : ""}
        </span>
      );
  }
}
