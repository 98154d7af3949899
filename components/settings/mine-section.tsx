"use client";
import { useState } from "react";
import { LogoutButton } from "#components/shell/logout-button.tsx";
import { Button } from "#components/ui/button.tsx";
import { plural, zoneName } from "#components/ui/format.ts";
import { useLiveNow } from "#components/ui/live.ts";
import { useMedia, WIDE } from "#components/ui/media.ts";
import { onDemand } from "#components/ui/on-demand.tsx";
import type { Theme } from "#components/ui/preference-cookies.ts";
import { usePreferences } from "#components/ui/preferences.tsx";
import { type Fact, Facts, Section } from "#components/ui/section.tsx";
import { useSession } from "#components/ui/session.ts";
import type { Outputs } from "#components/ui/trpc.ts";
import { permissionWords } from "./permission-words.ts";

const KeyList = onDemand(() => import("#components/shell/key-list.tsx").then((module) => module.KeyList));

const THEMES: readonly { readonly theme: Theme; readonly word: string }[] = [
  { theme: "system", word: "As the system" },
  { theme: "light", word: "Light" },
  { theme: "dark", word: "Dark" },
];

/** How this browser likes it: kept in its cookies, for nobody else. */
export function TasteSection() {
  const [keys, setKeys] = useState(false);
  const { theme, setTheme, zone, setZone } = usePreferences();
  const now = useLiveNow();
  const facts: readonly Fact[] = [
    {
      name: "Look",
      value: (
        <fieldset className="seg" aria-label="Look">
          {THEMES.map((each) => (
            <button
              key={each.theme}
              type="button"
              aria-pressed={theme === each.theme}
              onClick={() => setTheme(each.theme)}
            >
              {each.word}
            </button>
          ))}
        </fieldset>
      ),
      source: "this browser",
    },
    {
      name: "Times",
      value: (
        <fieldset className="seg" aria-label="Time zone of times">
          <button type="button" aria-pressed={zone === "utc"} onClick={() => setZone("utc")}>
            UTC
          </button>
          <button type="button" aria-pressed={zone === "local"} onClick={() => setZone("local")}>
            Mine{now === null ? "" : `, ${zoneName("local", now)}`}
          </button>
        </fieldset>
      ),
      source: "this browser; ages beside them are the same in both",
    },
    {
      name: "Keys",
      value: (
        <Button small shortcut="?" onPress={() => setKeys(true)}>
          All keys
        </Button>
      ),
      source: "each page adds its own",
    },
  ];
  return (
    <Section title="Mine" note="how this browser shows it">
      <Facts wide facts={facts} />
      {keys && <KeyList onClose={() => setKeys(false)} />}
    </Section>
  );
}

/** Who one is here, what one may do and see, and how one leaves. */
export function WhoSection({ mine }: { readonly mine: Outputs["settings"]["get"]["mine"] }) {
  const session = useSession();
  const wide = useMedia(WIDE);
  const principal = session?.principal ?? null;
  if (session === undefined || principal === null) return null;
  const off = new Set(session.sending);
  return (
    <Section className="sec-gap" title="Who I am" note="to this console">
      <Facts wide facts={whoFacts(principal, mine)} />
      <details className="settings-may" open={wide}>
        <summary>
          <b className="med">{plural(session.permissions.length, "permission")}</b>
          <span className="t3 small">
            {off.size === 0
              ? " nothing of it sends anything to a system"
              : ` ${off.size} of them send something to a system`}
          </span>
        </summary>
        <ul className="settings-permissions small" aria-label="What I may do">
          {session.permissions.map((permission) => (
            <li key={permission}>
              {permissionWords(permission)} <span className="mono t3">{permission}</span>
            </li>
          ))}
        </ul>
      </details>
    </Section>
  );
}

type Principal = NonNullable<NonNullable<ReturnType<typeof useSession>>["principal"]>;

function whoFacts(
  { id, role, kind }: Principal,
  { sources, tokenId }: Outputs["settings"]["get"]["mine"],
): readonly Fact[] {
  const local = kind === "local";
  return [
    {
      name: "Name",
      value: <bdi className="med">{id}</bdi>,
      source: local ? (
        "whoever reaches this console on its own machine"
      ) : (
        <>
          by token <span className="mono">{tokenId}</span>
        </>
      ),
    },
    { name: "Role", value: role, source: local ? "auth.mode is none" : "given with the token" },
    {
      name: "Sources",
      value:
        sources === null ? "all" : sources.length === 0 ? "none" : <bdi className="mono">{sources.join(", ")}</bdi>,
      source: sources === null ? "not limited" : "nothing of others is shown",
      wrap: true,
    },
    {
      name: "Login",
      value: local ? "nobody logs in here" : <LogoutButton />,
      source: local
        ? "worldline token create lets others in"
        : "lasts 12 hours. Logins are sealed cookies, of which no list is kept: revoking the token ends them all",
    },
  ];
}
