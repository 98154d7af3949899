import { isLoopback, isWildcard } from "./addresses.ts";
import { alertFaults } from "./alerts-rules.ts";
import { beamFaults } from "./beam-rules.ts";
import { judgeDatabaseUrl } from "./database-url.ts";
import { hafFaults } from "./haf-rules.ts";
import { ingestFaults } from "./ingest-rules.ts";
import type { IngestDocument } from "./ingest-schema.ts";
import type { ShapeFault } from "./issues.ts";
import { journalStoreFaults } from "./journal-rules.ts";
import type { ConfigurationDocument, DnaDocument, DynflowDocument, HafDocument } from "./schema.ts";
import { tlsFaults } from "./tls-rules.ts";

/** One source of a list, as far as it could be read. */
export interface ReadSource<T> {
  readonly id: string | null;
  readonly region: string | null;
  /** `null` = faulty beyond what can be left out. */
  readonly whole: T | null;
}

/** The sections as far as each could be read: what is faulty by itself is left out, so the rest is judged all the same. */
export interface ReadSections {
  readonly listen: ConfigurationDocument["listen"] | null;
  readonly journal: ConfigurationDocument["journal"] | null;
  /** Its keys as they were given, faulty or not. */
  readonly journalGiven: Readonly<Record<string, unknown>>;
  readonly auth: ConfigurationDocument["auth"] | null;
  readonly approvals: ConfigurationDocument["approvals"] | null;
  readonly regions: ConfigurationDocument["regions"] | null;
  readonly loadBalancer: ConfigurationDocument["loadBalancer"] | null;
  readonly dna: readonly ReadSource<DnaDocument>[];
  readonly dynflow: readonly ReadSource<DynflowDocument>[];
  readonly haf: readonly ReadSource<HafDocument>[];
  readonly ingest: IngestDocument | null;
  /** Nothing of it was left out: names in it can be held against each other. */
  readonly ingestIsWhole: boolean;
  readonly alerts: ConfigurationDocument["alerts"] | null;
  readonly demoIsGiven: boolean;
}

/** What no single value can say: rules over several of them. */
export function crossFaults(read: ReadSections): readonly ShapeFault[] {
  return [
    ...exposureFaults(read),
    ...retentionFaults(read),
    ...journalStoreFaults(read),
    ...demoFaults(read),
    ...identityFaults(read),
    ...regionFaults(read),
    ...secretFaults(read),
    ...tlsFaults(read),
    ...dynflowFaults(read),
    ...hafFaults(read),
    ...beamFaults(read),
    ...approvalFaults(read),
    ...ingestFaults(read),
    ...alertFaults(read.alerts),
  ];
}

function approvalFaults({ auth, approvals }: ReadSections): readonly ShapeFault[] {
  if (approvals?.wholeNode !== true || auth === null || auth.mode !== "none") return [];
  const message = "needs auth.mode tokens: without it everybody is the same person";
  return [{ path: ["approvals", "wholeNode"], message }];
}

function exposureFaults({ listen, auth }: ReadSections): readonly ShapeFault[] {
  if (listen === null || auth === null) return [];
  const faults: ShapeFault[] = [];
  const open = "while auth.mode is none: whoever reaches it would be an administrator. Set auth.mode to tokens";
  if (auth.mode === "none") {
    if (!isLoopback(listen.host)) {
      faults.push({ path: ["listen", "host"], message: `${listen.host} is reached from other machines ${open}` });
    }
    const publicHost = listen.publicOrigin === undefined ? null : new URL(listen.publicOrigin).hostname;
    if (publicHost !== null && !isLoopback(publicHost)) {
      faults.push({ path: ["listen", "publicOrigin"], message: `is reached from other machines ${open}` });
    }
    listen.allowedHosts.forEach((name, index) => {
      if (isLoopback(name)) return;
      faults.push({
        path: ["listen", "allowedHosts", index],
        message: `${name} is reached from other machines ${open}`,
      });
    });
  }
  if (isWildcard(listen.host) && listen.publicOrigin === undefined && listen.allowedHosts.length === 0) {
    const message = "listens on every address, but no name is allowed: set publicOrigin or allowedHosts";
    faults.push({ path: ["listen", "host"], message });
  }
  return faults;
}

function retentionFaults({ journal }: ReadSections): readonly ShapeFault[] {
  if (journal === null) return [];
  const faults: ShapeFault[] = [];
  if (journal.keepOperatorDays < journal.keepDays) {
    const message = "must not be less than keepDays: what operators did is kept longest";
    faults.push({ path: ["journal", "keepOperatorDays"], message });
  }
  if (journal.keyEnv !== undefined && journal.keyFile !== undefined) {
    faults.push({ path: ["journal", "keyFile"], message: "give keyEnv or keyFile, not both" });
  }
  return faults;
}

function demoFaults({ dna, dynflow, haf, journal, demoIsGiven }: ReadSections): readonly ShapeFault[] {
  if (!demoIsGiven) return [];
  const faults: ShapeFault[] = [];
  if (dna.length + dynflow.length + haf.length > 0) {
    const message = "cannot run beside real sources: remove demo, or remove dna, dynflow and haf";
    faults.push({ path: ["demo"], message });
  }
  if (journal?.store === "scylla") {
    const message = "cannot keep its journal in ScyllaDB: each console simulates a world, and a time, of its own";
    faults.push({ path: ["demo"], message });
  }
  return faults;
}

function identityFaults({ dna, dynflow, haf, regions }: ReadSections): readonly ShapeFault[] {
  return [
    ...duplicates(
      [
        ...dna.map((one, i) => at("dna", i, one)),
        ...dynflow.map((one, i) => at("dynflow", i, one)),
        ...haf.map((one, i) => at("haf", i, one)),
      ],
      "source",
    ),
    ...duplicates(
      (regions ?? []).map((one, i) => at("regions", i, one)),
      "region",
    ),
  ];
}

const at = (section: string, index: number, one: { readonly id: string | null }) => ({ section, index, id: one.id });

function duplicates(entries: readonly ReturnType<typeof at>[], what: string): readonly ShapeFault[] {
  return entries.flatMap(({ section, index, id }, position) => {
    if (id === null || entries.findIndex((other) => other.id === id) === position) return [];
    return [{ path: [section, index, "id"], message: `${id} is the id of an earlier ${what}` }];
  });
}

function regionFaults({ dna, dynflow, haf, regions, loadBalancer }: ReadSections): readonly ShapeFault[] {
  if (regions === null) return [];
  const known = new Set(regions.map((one) => one.id));
  const unknown = (id: string) => `${id} is no region of this file`;
  const ofSource = (section: string, one: { readonly region: string | null }, index: number) => {
    if (known.size === 0) return [];
    if (one.region === null) return [{ path: [section, index], message: "needs a region, as there are regions" }];
    return known.has(one.region) ? [] : [{ path: [section, index, "region"], message: unknown(one.region) }];
  };
  const named = new Set([...known, ...[...dna, ...dynflow, ...haf].flatMap((one) => one.region ?? [])]);
  return [
    ...dna.flatMap((one, index) => ofSource("dna", one, index)),
    ...dynflow.flatMap((one, index) => ofSource("dynflow", one, index)),
    ...haf.flatMap((one, index) => ofSource("haf", one, index)),
    ...(loadBalancer?.regions ?? []).flatMap((id, index) =>
      named.has(id) ? [] : [{ path: ["loadBalancer", "regions", index], message: unknown(id) }],
    ),
  ];
}

function secretFaults({ dna, dynflow }: ReadSections): readonly ShapeFault[] {
  const message = "give passwordEnv or passwordFile, not both";
  return [
    ...dna.flatMap((one, index) => {
      const scylla = one.whole?.scylla;
      if (scylla === undefined) return [];
      const path = ["dna", index, "scylla"];
      const given = [scylla.passwordEnv, scylla.passwordFile].filter((secret) => secret !== undefined).length;
      if (given === 2) return [{ path: [...path, "passwordFile"], message }];
      if (given === 1 && scylla.username === undefined) return [{ path, message: "has a password and no username" }];
      return given === 0 && scylla.username !== undefined
        ? [{ path: [...path, "username"], message: "needs passwordEnv or passwordFile" }]
        : [];
    }),
    ...dynflow.flatMap(({ whole }, index) =>
      whole?.passwordEnv !== undefined && whole.passwordFile !== undefined
        ? [{ path: ["dynflow", index, "passwordFile"], message }]
        : [],
    ),
  ];
}

function dynflowFaults({ dynflow }: ReadSections): readonly ShapeFault[] {
  return dynflow.flatMap(({ whole: one }, index) => {
    if (one === null) return [];
    const path = ["dynflow", index];
    const address = judgeDatabaseUrl(one.url, one.tls);
    if (address !== null) return [{ path: [...path, "url"], message: address }];
    if (one.act && one.url.startsWith("sqlite:")) {
      const message = "must be false on SQLite: a second process that writes such a database can lose Dynflow's own";
      return [{ path: [...path, "act"], message }];
    }
    return [];
  });
}
