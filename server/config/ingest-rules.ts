import { isLoopback, isWildcard } from "./addresses.ts";
import type { IngestDocument } from "./ingest-schema.ts";
import type { ShapeFault } from "./issues.ts";
import type { ReadSections } from "./rules.ts";

/** Changes of agents that routes may name as kinds; the last state, `forgotten`, is told to nobody. */
const AGENT_CHANGES = ["active", "late", "inactive", "left"];

/** What no single key of `ingest` can say. */
export function ingestFaults(
  read: Pick<ReadSections, "ingest" | "ingestIsWhole" | "journal" | "dna" | "dynflow" | "haf">,
): readonly ShapeFault[] {
  const { ingest, journal } = read;
  if (ingest === null) return [];
  const isTaken = [...read.dna, ...read.dynflow, ...read.haf].some(({ id }) => id === ingest.id);
  return [
    ...(isTaken ? [{ path: ["ingest", "id"], message: `${ingest.id} is the id of an earlier source` }] : []),
    ...exposureFaults(ingest),
    ...accountFaults(ingest),
    ...keyFaults(ingest, journal?.store === "scylla"),
    ...(read.ingestIsWhole
      ? [...scopeFaults(ingest), ...routeFaults(ingest), ...receiverFaults(ingest, journal?.store === "scylla")]
      : []),
  ];
}

function exposureFaults({ listen, users, bootstrap }: IngestDocument): readonly ShapeFault[] {
  const faults: ShapeFault[] = [];
  const isOpen = users.length + bootstrap.length === 0;
  const names = [
    { path: ["ingest", "listen", "host"], name: listen.host },
    ...listen.allowedHosts.map((name, index) => ({ path: ["ingest", "listen", "allowedHosts", index], name })),
  ];
  for (const { path, name } of names) {
    if (!isOpen || isLoopback(name)) continue;
    const message = `${name} is reached from other machines, and anybody could send: name users or bootstrap`;
    faults.push({ path, message });
  }
  if (isWildcard(listen.host) && listen.allowedHosts.length === 0) {
    const message = "listens on every address, but no name is allowed: set allowedHosts";
    faults.push({ path: ["ingest", "listen", "host"], message });
  }
  return faults;
}

interface WithSecret {
  readonly passwordEnv?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly tokenEnv?: string | undefined;
  readonly tokenFile?: string | undefined;
}

function accountFaults({ users, bootstrap, poa }: IngestDocument): readonly ShapeFault[] {
  const lists = [
    { at: ["ingest", "users"], list: users, what: "password" },
    { at: ["ingest", "bootstrap"], list: bootstrap, what: "token" },
    { at: ["ingest", "poa", "admins"], list: poa.admins, what: "password" },
  ] as const;
  return lists.flatMap(({ at, list, what }) =>
    list.flatMap((one: WithSecret & { readonly name: string }, index) => {
      const given = [one[`${what}Env`], one[`${what}File`]].filter((secret) => secret !== undefined).length;
      const path = [...at, index];
      const isSecond = list.findIndex(({ name }) => name === one.name) < index;
      return [
        ...(given === 1
          ? []
          : [{ path, message: `needs ${what}Env or ${what}File${given === 2 ? ", not both" : ""}` }]),
        ...(isSecond ? [{ path: [...path, "name"], message: `${one.name} is the name of an earlier one` }] : []),
      ];
    }),
  );
}

function keyFaults({ keyEnv, keyFile }: IngestDocument, isShared: boolean): readonly ShapeFault[] {
  if (keyEnv !== undefined && keyFile !== undefined) {
    return [{ path: ["ingest", "keyFile"], message: "give keyEnv or keyFile, not both" }];
  }
  if (!isShared || keyEnv !== undefined || keyFile !== undefined) return [];
  const message = "needs keyFile or keyEnv, the same on every console: the journal is shared, and so are tokens";
  return [{ path: ["ingest"], message }];
}

/** Types that somebody may send, and that are none of the file. */
function scopeFaults({ users, bootstrap, types }: IngestDocument): readonly ShapeFault[] {
  const lists = [
    { name: "users", list: users },
    { name: "bootstrap", list: bootstrap },
  ];
  return lists.flatMap(({ name, list }) =>
    list.flatMap((one, index) =>
      one.types.flatMap((type, i) => {
        if (Object.hasOwn(types, type)) return [];
        return [{ path: ["ingest", name, index, "types", i], message: `${type} is no type of this file` }];
      }),
    ),
  );
}

function routeFaults({ types, receivers, routes }: IngestDocument): readonly ShapeFault[] {
  const faults: ShapeFault[] = [];
  routes.forEach((route, index) => {
    const at = ["ingest", "routes", index];
    route.types.forEach((type, i) => {
      if (type === "*" && route.types.length > 1) {
        faults.push({ path: [...at, "types", i], message: "* stands for every type: it stands alone" });
      } else if (type !== "*" && !Object.hasOwn(types, type)) {
        faults.push({ path: [...at, "types", i], message: `${type} is no type of this file` });
      }
    });
    const named = route.types.includes("*") ? Object.keys(types) : route.types;
    const kinds = new Set([...AGENT_CHANGES, ...named.flatMap((type) => types[type]?.kinds ?? [])]);
    route.kinds.forEach((kind, i) => {
      if (kinds.has(kind)) return;
      faults.push({ path: [...at, "kinds", i], message: `${kind} is no kind of these types` });
    });
    route.to.forEach((receiver, i) => {
      if (Object.hasOwn(receivers, receiver)) return;
      faults.push({ path: [...at, "to", i], message: `${receiver} is no receiver of this file` });
    });
  });
  const reached = new Set(routes.flatMap(({ to }) => to));
  for (const id of Object.keys(receivers)) {
    if (!reached.has(id))
      faults.push({ path: ["ingest", "receivers", id], message: "has no route: nothing reaches it" });
  }
  return faults;
}

const TABLE_KEYS = [
  "contactPoints",
  "localDataCenter",
  "keyspace",
  "replication",
  "username",
  "passwordEnv",
  "passwordFile",
  "tls",
] as const;
const OWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  "scylla-table": [...TABLE_KEYS, "ttl_days"],
  "sqlite-table": ["path", "ttl_days"],
  webhook: ["url", "tokenEnv", "tokenFile", "timeout_ms"],
  prometheus: ["max_series"],
};
const OTHERS_KEYS = [...new Set(Object.values(OWN_KEYS).flat())];

function receiverFaults({ receivers }: IngestDocument, journalIsScylla: boolean): readonly ShapeFault[] {
  return Object.entries(receivers).flatMap(([id, one]) => {
    const at = ["ingest", "receivers", id];
    const own = OWN_KEYS[one.use] ?? [];
    const given: Readonly<Record<string, unknown>> = one;
    const foreign = OTHERS_KEYS.filter((key) => given[key] !== undefined && !own.includes(key));
    const faults: ShapeFault[] = foreign.map((key) => ({ path: [...at, key], message: `is not for ${one.use}` }));
    if (one.use === "webhook" && one.url === undefined) faults.push({ path: at, message: "needs url" });
    if (one.tokenEnv !== undefined && one.tokenFile !== undefined) {
      faults.push({ path: [...at, "tokenFile"], message: "give tokenEnv or tokenFile, not both" });
    }
    return one.use === "scylla-table" ? [...faults, ...tableFaults(one, at, journalIsScylla)] : faults;
  });
}

function tableFaults(
  one: IngestDocument["receivers"][string],
  at: readonly string[],
  journalIsScylla: boolean,
): readonly ShapeFault[] {
  if (TABLE_KEYS.every((key) => one[key] === undefined)) {
    if (journalIsScylla) return [];
    return [{ path: [...at], message: "needs a database: contactPoints, localDataCenter and keyspace" }];
  }
  const missing = (["contactPoints", "localDataCenter", "keyspace"] as const).filter((key) => one[key] === undefined);
  const secrets = [one.passwordEnv, one.passwordFile].filter((secret) => secret !== undefined).length;
  return [
    ...missing.map((key) => ({ path: [...at], message: `needs ${key}` })),
    ...(secrets === 2
      ? [{ path: [...at, "passwordFile"], message: "give passwordEnv or passwordFile, not both" }]
      : []),
    ...(secrets === 1 && one.username === undefined
      ? [{ path: [...at], message: "has a password and no username" }]
      : []),
    ...(secrets === 0 && one.username !== undefined
      ? [{ path: [...at, "username"], message: "needs passwordEnv or passwordFile" }]
      : []),
  ];
}
