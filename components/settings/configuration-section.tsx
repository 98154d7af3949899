"use client";
import { useQuery } from "@tanstack/react-query";
import { Fragment, useDeferredValue, useMemo, useRef, useState } from "react";
import { plural } from "#components/ui/format.ts";
import { useKeys } from "#components/ui/keys.tsx";
import { Link } from "#components/ui/link.tsx";
import { routes } from "#components/ui/routes.ts";
import { Section } from "#components/ui/section.tsx";
import { useSession } from "#components/ui/session.ts";
import { type Outputs, useTRPC } from "#components/ui/trpc.ts";
import { Empty, QueryWidget, Skeleton } from "#components/ui/widget.tsx";
import { groupsOf, isChanged, originText, type Setting } from "./configuration-groups.ts";

type Configuration = Outputs["admin"]["configuration"];

/** What this console is configured to: read once at its start, to be changed in its file alone. */
export function ConfigurationSection() {
  // Who may not see it does not ask for it: so nothing is asked before it is known who looks.
  const session = useSession();
  return (
    <Section className="sec-gap" title="This console" note="its configuration, as it was read at the start">
      {session === undefined ? (
        <Skeleton rows={12} columns={4} what="the configuration" />
      ) : session.permissions.includes("configuration:read") ? (
        <Shown />
      ) : (
        <Empty title="The configuration is for administrators.">
          Needs the permission <code>configuration:read</code>; your role {session.principal?.role} does not have it.
          What it means for you is told above, and on the pages themselves.
        </Empty>
      )}
    </Section>
  );
}

function Shown() {
  const query = useQuery(
    useTRPC().admin.configuration.queryOptions(undefined, { staleTime: Number.POSITIVE_INFINITY }),
  );
  return (
    <QueryWidget query={query} what="the configuration" rows={12} columns={4}>
      {(configuration) => <Keys configuration={configuration} />}
    </QueryWidget>
  );
}

function Keys({ configuration: { file, settings, leftOut } }: { readonly configuration: Configuration }) {
  const input = useRef<HTMLInputElement>(null);
  const [text, setText] = useState("");
  const [changedOnly, setChangedOnly] = useState(false);
  const late = useDeferredValue(text);
  const groups = useMemo(() => groupsOf(settings, late, changedOnly), [settings, late, changedOnly]);
  const found = groups.reduce((sum, group) => sum + group.settings.length, 0);
  const changed = settings.filter(isChanged).length;
  const hasGateway = settings.some(({ key }) => key.startsWith("ingest."));
  useKeys([{ keys: "/", does: "search the configuration", run: () => input.current?.focus() }], { group: "Settings" });
  return (
    <>
      <p className="small t2 wrap settings-where">
        {file === null ? (
          <>
            There is no file: everything is as by default. Write one and start with{" "}
            <code>npm start -- --config FILE</code>, or name it in <code>WORLDLINE_CONFIG</code>.
          </>
        ) : (
          <>
            Changed in <code>{file}</code> and nowhere else; it is read at the start. <code>worldline check</code> says
            beforehand whether it is sound.
          </>
        )}{" "}
        Secrets are named, never shown, and of addresses nothing that may be one.
        {hasGateway && (
          <>
            {" "}
            Types, receivers and routes of the gateway can be read again without a restart: those in force are on{" "}
            <Link href={routes.pipeline()}>Pipeline</Link>.
          </>
        )}
      </p>
      <div className="row wrap-row settings-find">
        <input
          ref={input}
          className="field"
          type="search"
          aria-label="Search the configuration"
          placeholder="Key, value or meaning"
          value={text}
          onChange={({ target }) => setText(target.value)}
        />
        <fieldset className="seg" aria-label="Which keys">
          <button type="button" aria-pressed={!changedOnly} onClick={() => setChangedOnly(false)}>
            All
          </button>
          <button type="button" aria-pressed={changedOnly} onClick={() => setChangedOnly(true)}>
            Not as by default
          </button>
        </fieldset>
        <span className="small t3 push" role="status">
          {found === settings.length ? plural(found, "key") : `${found} of ${plural(settings.length, "key")}`},{" "}
          {changed} not as by default
        </span>
      </div>
      {groups.length === 0 ? (
        <Empty title={changedOnly && late === "" ? "Everything is as by default." : "No key says that."} />
      ) : (
        <table className="settings-keys" aria-label="Configuration">
          <thead>
            <tr>
              <th scope="col">Key</th>
              <th scope="col">Value</th>
              <th scope="col">From</th>
              <th scope="col" className="p2">
                Meaning
              </th>
            </tr>
          </thead>
          {groups.map(({ title, settings: members }) => (
            <tbody key={title}>
              <tr className="group">
                <th scope="rowgroup" colSpan={4}>
                  {title}
                </th>
              </tr>
              {members.map((setting) => (
                <Line key={setting.key} setting={setting} />
              ))}
            </tbody>
          ))}
        </table>
      )}
      {leftOut > 0 && <p className="small t3">{plural(leftOut, "more key")} not shown: there are too many.</p>}
    </>
  );
}

/** A key that is broken behind its dots first, where there is no room for it in one line. */
function Breakable({ text }: { readonly text: string }) {
  const [first = "", ...parts] = text.split(".");
  return (
    <>
      {first}
      {parts.map((part, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: the parts of a key stand still
        <Fragment key={index}>
          .<wbr />
          {part}
        </Fragment>
      ))}
    </>
  );
}

function Line({ setting }: { readonly setting: Setting }) {
  const { key, value, isDefault, meaning } = setting;
  return (
    <tr>
      <th scope="row" className="mono">
        <bdi>
          <Breakable text={key} />
        </bdi>
      </th>
      <td className={isDefault ? "t2" : "med"}>
        {value === null ? <span className="t3">–</span> : <bdi className="mono">{value}</bdi>}
      </td>
      <td className={isDefault ? "from t3" : "from"}>{originText(setting)}</td>
      <td className="p2 t2 small">{meaning.replaceAll("`", "")}</td>
    </tr>
  );
}
