"use client";
import { useState } from "react";
import { Button } from "#components/ui/button.tsx";
import { Glyph } from "#components/ui/glyph.tsx";
import { Link } from "#components/ui/link.tsx";
import { onDemand } from "#components/ui/on-demand.tsx";
import { useReadOnly } from "#components/ui/read-only.ts";
import { routes } from "#components/ui/routes.ts";
import { type Fact, Facts, Section } from "#components/ui/section.tsx";
import { useRefusal, useSession } from "#components/ui/session.ts";
import { Instant } from "#components/ui/time.tsx";
import type { Outputs } from "#components/ui/trpc.ts";
import { permissionWords } from "./permission-words.ts";

const ReadOnlyDialog = onDemand(() =>
  import("#components/shell/read-only-dialog.tsx").then((module) => module.ReadOnlyDialog),
);

type Permissions = Outputs["settings"]["get"]["permissions"];
const ROLES = ["viewer", "operator", "admin"] as const;

/** The brake, the second person, and who may do what. */
export function SafetySection({ permissions }: { readonly permissions: Permissions | undefined }) {
  const secondPerson = useSession()?.secondPerson ?? false;
  return (
    <Section
      className="sec-gap"
      title="Safety"
      note="what keeps everybody from acting, and who may act"
      aside={<Link href={routes.journal({ view: "actions", action: "safety" })}>In the journal</Link>}
    >
      <Facts
        wide
        facts={[
          useBrakeFact(),
          {
            name: "Second person",
            value: secondPerson ? "asked for" : "not asked for",
            source: secondPerson
              ? "whatever touches a whole node, world or type takes another administrator's agreement (approvals.wholeNode)"
              : "approvals.wholeNode is off: one administrator is enough",
          },
        ]}
      />
      {permissions !== undefined && <PermissionTable permissions={permissions} />}
    </Section>
  );
}

function useBrakeFact(): Fact {
  const held = useReadOnly();
  const configured = useSession()?.readOnly ?? false;
  return {
    name: "Read-only",
    value: <BrakeSwitch on={held !== null} configured={configured} />,
    source: configured ? (
      "readOnly: true in the configuration, lifted by nobody from here"
    ) : held === null ? (
      "who may act, may; one press stops everything for everybody"
    ) : (
      <>
        set by <bdi>{held.by?.user ?? "somebody"}</bdi> <Instant at={held.since} />
        {held.by !== null && (
          <>
            : <bdi>{held.by.reason}</bdi>
          </>
        )}
      </>
    ),
  };
}

function BrakeSwitch({ on, configured }: { readonly on: boolean; readonly configured: boolean }) {
  const [asked, setAsked] = useState<"set" | "lift" | null>(null);
  const setRefusal = useRefusal("safety:read-only");
  const liftRefusal = useRefusal("safety:allow-acting");
  const readOnly = on || configured;
  return (
    <span className="row wrap-row">
      <span className={`st t-${readOnly ? "attention" : "good"}`}>
        <Glyph tone={readOnly ? "attention" : "good"} />
        {readOnly ? "on: nothing is sent anywhere" : "off"}
      </span>
      {!configured && (
        <Button small refusal={on ? liftRefusal : setRefusal} onPress={() => setAsked(on ? "lift" : "set")}>
          {on ? "Allow acting again…" : "Make everything read-only…"}
        </Button>
      )}
      {asked !== null && <ReadOnlyDialog on={asked === "set"} onClose={() => setAsked(null)} />}
    </span>
  );
}

/** Which role may do what; the same list that draws each button and refuses each call. */
function PermissionTable({ permissions }: { readonly permissions: Permissions }) {
  return (
    <div className="tscroll settings-roles">
      <table aria-label="Permissions by role">
        <thead>
          <tr>
            <th scope="col" className="w100">
              May
            </th>
            <th scope="col" className="p2">
              Permission
            </th>
            {ROLES.map((role) => (
              <th key={role} scope="col">
                {role}
              </th>
            ))}
            <th scope="col" className="p2">
              While read-only
            </th>
          </tr>
        </thead>
        <tbody>
          {permissions.map(({ permission, least, sends }) => (
            <tr key={permission}>
              <th scope="row" className="wrap">
                {permissionWords(permission)}
              </th>
              <td className="p2 mono t3">{permission}</td>
              {ROLES.map((role) => (
                <td key={role}>{holds(role, least) ? "yes" : <span className="t3">no</span>}</td>
              ))}
              <td className="p2">{sends ? "off" : <span className="t3">goes on</span>}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const holds = (role: (typeof ROLES)[number], least: Permissions[number]["least"]): boolean =>
  least === null || ROLES.indexOf(role) >= ROLES.indexOf(least);
