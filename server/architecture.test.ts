import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";
import { beforeAll, describe, expect, it } from "vitest";
import { PERMISSIONS } from "#server/auth/permissions.ts";
import { appRouter } from "#server/trpc/root.ts";

const run = promisify(execFile);
const ROOT = path.resolve(import.meta.dirname, "..");
const BIOME = path.join(ROOT, "node_modules/.bin/biome");
const LINT_TIMEOUT_MS = 60_000;

const IMPORTS = "lint/style/noRestrictedImports";
const GLOBALS = "lint/style/noRestrictedGlobals";
/** How the reporter names our own two plugins of `scripts/lint`. */
const PLUGIN = "plugin";

type Case = readonly [file: string, code: string, rule?: string];
const from = (specifier: string) => `export * from "${specifier}";`;

/** One line for each cell of the table of layers: a rule that has never been seen to bite is not a rule. */
const FORBIDDEN: readonly Case[] = [
  ["server/agent/x.ts", from("#server/ingest/ports.ts")],
  ["server/agent/x.ts", from("#server/contract/agents.ts")],
  // A new folder is closed until it is listed.
  ["server/brand-new/x.ts", from("#server/kernel/errors.ts")],
  ["server/brand-new/x.ts", from("zod")],
  ["server/brand-new/x.ts", from("node:fs")],
  // The kernel imports nothing.
  ["server/kernel/x.ts", from("#server/contract/event.ts")],
  ["server/kernel/x.ts", from("zod")],
  ["server/kernel/x.ts", from("node:crypto")],
  // The contract: kernel only; zod in the wire only.
  ["server/contract/x.ts", from("#server/dna/ports.ts")],
  ["server/contract/x.ts", from("#server/dna/domain/identity.ts")],
  ["server/contract/fold/x.ts", from("zod")],
  ["server/contract/fold/x.ts", from("#server/contract/wire/common.ts")],
  ["server/contract/view/x.ts", from("zod")],
  ["server/contract/x.ts", from("./wire/common.ts")],
  ["server/contract/wire/x.ts", from("#server/auth/permissions.ts")],
  ["server/contract/wire/x.ts", from("pg")],
  // A domain: kernel, itself, the tables that the screens share.
  ["server/dna/domain/x.ts", from("node:fs")],
  ["server/dna/domain/x.ts", from("zod")],
  ["server/dna/domain/x.ts", from("#server/dynflow/domain/model.ts")],
  ["server/dna/domain/x.ts", from("#server/dna/ports.ts")],
  ["server/dna/domain/x.ts", from("#server/contract/event.ts")],
  ["server/dynflow/domain/x.ts", from("#server/dna/domain/identity.ts")],
  ["server/dynflow/domain/x.ts", from("#server/dynflow/codec/flow.ts")],
  ["server/haf/domain/x.ts", from("#server/contract/event.ts")],
  ["server/haf/domain/x.ts", from("node:fs")],
  ["server/ingest/domain/x.ts", from("#server/haf/domain/x.ts")],
  ["server/ingest/codec/x.ts", from("ws")],
  ["server/journal/domain/x.ts", from("node:crypto")],
  // A codec: kernel, own domain, one package.
  ["server/dynflow/codec/x.ts", from("pg")],
  ["server/dynflow/codec/x.ts", from("node:buffer")],
  ["server/dynflow/codec/x.ts", from("#server/contract/event.ts")],
  ["server/dynflow/codec/x.ts", from("#server/dynflow/ports.ts")],
  ["server/dna/codec/x.ts", from("#server/dynflow/codec/flow.ts")],
  // Ports speak no driver's language.
  ["server/dna/ports.ts", from("cassandra-driver")],
  ["server/dna/ports.ts", from("#server/dynflow/ports.ts")],
  ["server/dna/ports.ts", from("./service.ts")],
  ["server/dynflow/ports.ts", from("pg")],
  ["server/journal/ports.ts", from("node:sqlite")],
  // A service: ports, never adapters, never another context's inside.
  ["server/dna/service.ts", from("./adapters/scylla/x.ts")],
  ["server/dna/service.ts", from("#server/dna/adapters/scylla/x.ts")],
  ["server/dna/service.ts", from("#server/dynflow/domain/model.ts")],
  ["server/dna/service.ts", from("#server/dynflow/service.ts")],
  ["server/dna/service.ts", from("cassandra-driver")],
  ["server/dna/service.ts", from("node:fs")],
  ["server/dna/service.ts", from("#server/trpc/init.ts")],
  ["server/dna/service.ts", from("#server/config/load.ts")],
  ["server/dna/service.ts", from("#server/operations/operations.ts")],
  ["server/dynflow/service.ts", from("./adapters/sql/x.ts")],
  ["server/dynflow/service.ts", from("#server/dna/domain/identity.ts")],
  ["server/dynflow/service.ts", from("kysely")],
  ["server/haf/service.ts", from("./adapters/postgres/x.ts")],
  ["server/ingest/service.ts", from("./adapters/http/x.ts")],
  ["server/ingest/service.ts", from("ws")],
  ["server/ingest/ports.ts", from("#server/haf/ports.ts")],
  ["server/haf/adapters/postgres/x.ts", from("#server/ingest/ports.ts")],
  ["server/journal/service.ts", from("./adapters/sqlite/x.ts")],
  ["server/journal/service.ts", from("node:sqlite")],
  ["server/jobs/x.ts", from("#server/dna/service.ts")],
  ["server/jobs/x.ts", from("node:fs")],
  ["server/live/x.ts", from("#server/dynflow/domain/model.ts")],
  ["server/live/x.ts", from("#server/journal/adapters/sqlite/x.ts")],
  // An adapter: any package, never another context, never upwards.
  ["server/dna/adapters/scylla/x.ts", from("#server/dynflow/ports.ts")],
  ["server/dna/adapters/scylla/x.ts", from("#server/dna/service.ts")],
  ["server/dna/adapters/scylla/x.ts", from("#server/trpc/init.ts")],
  ["server/dynflow/adapters/sql/x.ts", from("#server/dna/domain/identity.ts")],
  ["server/dynflow/adapters/sql/x.ts", from("#server/config/load.ts")],
  ["server/journal/adapters/sqlite/x.ts", from("#server/dna/ports.ts")],
  // auth, config, log, runtime.
  ["server/auth/x.ts", from("#server/dna/service.ts")],
  ["server/auth/x.ts", from("#server/journal/adapters/sqlite/x.ts")],
  ["server/auth/x.ts", from("pg")],
  ["server/auth/permissions.ts", from("node:crypto")],
  ["server/config/x.ts", from("#server/auth/permissions.ts")],
  ["server/config/x.ts", from("pino")],
  ["server/log/x.ts", from("#server/config/load.ts")],
  ["server/runtime/x.ts", from("pg")],
  // tRPC: no adapters, no SQL, no CQL.
  ["server/trpc/routers/x.ts", from("kysely")],
  ["server/trpc/routers/x.ts", from("cassandra-driver")],
  ["server/trpc/routers/x.ts", from("#server/dna/service.ts")],
  ["server/trpc/routers/x.ts", from("#server/dynflow/adapters/sql/x.ts")],
  ["server/trpc/routers/x.ts", from("#server/config/load.ts")],
  ["server/trpc/routers/x.ts", from("#server/auth/tokens.ts")],
  // HTTP and the process: no context.
  ["server/http/x.ts", from("#server/dna/service.ts")],
  ["server/http/x.ts", from("#server/dynflow/adapters/sql/x.ts")],
  ["server/http/x.ts", from("#server/compose.ts")],
  ["server/http/x.ts", from("pg")],
  ["server/main.ts", from("#server/dna/service.ts")],
  ["server/cli/x.ts", from("#server/dynflow/adapters/sql/x.ts")],
  ["server/compose.ts", from("#components/ui/x.tsx")],
  ["server/demo/x.ts", from("#server/dna/adapters/scylla/x.ts")],
  // What the browser can reach: kernel, contract, components, and one file of types.
  ["components/plans/x.tsx", from("#server/trpc/root.ts")],
  ["components/plans/x.tsx", from("#server/auth/permissions.ts")],
  ["components/plans/x.tsx", from("#server/dynflow/domain/model.ts")],
  ["components/plans/x.tsx", from("node:fs")],
  ["app/x/page.tsx", from("#server/trpc/root.ts")],
  ["app/x/page.tsx", from("#server/trpc/app-router.ts")],
  ["app/x/page.tsx", from("#server/compose.ts")],
  ["e2e/x.spec.ts", from("#server/dna/domain/identity.ts")],
  ["e2e/x.spec.ts", from("#components/ui/x.tsx")],
  // Every way in is a way in.
  ["server/dna/service.ts", 'import type { $A } from "pg"; export type $B = $A;'],
  ["server/dna/service.ts", 'export const $ = await import("pg");'],
  ["server/dna/service.ts", "export const $ = await import(`pg`);", PLUGIN],
  ["server/dna/service.ts", 'export const $ = async (name: string) => await import("./" + name);', PLUGIN],
  ["server/dna/service.ts", 'export type $ = import("pg").Pool;', PLUGIN],
  ["server/dna/service.ts", 'export const $ = require("pg");', PLUGIN],
  ["components/plans/x.tsx", 'export const $ = () => import("#server/trpc/root.ts");'],
  ["server/dna/service.ts", from("../dynflow/ports.ts")],
  ["server/dna/service.ts", from("./../dynflow/ports.ts")],
  ["server/compose.ts", from("../components/x.tsx")],
  ["components/plans/x.tsx", from("../ui/x.tsx")],
  // Time, randomness and IO stay out of the core.
  ["server/dna/domain/time.ts", "export const $ = Date.now();", PLUGIN],
  ["server/dna/domain/time.ts", "export const $ = [1].map(Date.now);", PLUGIN],
  ["server/dna/domain/time.ts", "export const $ = new Date();", PLUGIN],
  ["server/dna/domain/time.ts", "export const $ = Math.random();", PLUGIN],
  ["server/dna/domain/time.ts", "export const $ = performance.now();", GLOBALS],
  ["server/dna/domain/time.ts", "export const $ = crypto.randomUUID();", GLOBALS],
  ["server/dna/domain/time.ts", "export const $ = globalThis.Date;", GLOBALS],
  ["server/dna/domain/time.ts", "export const $ = process.hrtime();", GLOBALS],
  ["server/dna/domain/time.ts", "export const $ = setTimeout(() => 1, 1);", GLOBALS],
  ["server/dynflow/codec/time.ts", "export const $ = Date.now();", PLUGIN],
  ["server/dynflow/codec/time.ts", 'export const $ = fetch("/");', GLOBALS],
  ["server/contract/time.ts", "export const $ = new Date();", PLUGIN],
  ["server/contract/time.ts", 'export const $ = Buffer.from("");', GLOBALS],
  ["server/contract/fold/time.ts", "export const $ = Math.random();", PLUGIN],
  ["server/kernel/time.ts", "export const $ = Date.now();", PLUGIN],
  // House rules.
  ["server/http/rules.ts", "export const $ = process.env.HOME;", "lint/style/noProcessEnv"],
  ["components/ui/rules.tsx", "export const $ = process.env.NODE_ENV;", "lint/style/noProcessEnv"],
  ["server/http/rules.ts", 'console.log("$");', "lint/suspicious/noConsole"],
  ["server/http/rules.ts", "export const $: any = 1;", "lint/suspicious/noExplicitAny"],
  ["server/http/rules.ts", "export const $ = [1].at(0)!;", "lint/style/noNonNullAssertion"],
  ["server/http/default.ts", "export default 1;", "lint/style/noDefaultExport"],
  ["server/http/rules.ts", "export enum $ { A }", "lint/style/noEnum"],
  [
    "server/http/rules.ts",
    "async function $() {} export const $x = () => { $(); };",
    "lint/nursery/noFloatingPromises",
  ],
  ["server/http/default.ts", from("./rules"), "lint/correctness/useImportExtensions"],
  ["server/http/camelCase.ts", "export const $ = 1;", "lint/style/useFilenamingConvention"],
  [
    "components/ui/rules.tsx",
    "export const $ = <p dangerouslySetInnerHTML={{ __html: 'x' }} />;",
    "lint/security/noDangerouslySetInnerHtml",
  ],
  ["components/ui/rules.tsx", 'export const $ = <a href="javascript:x">x</a>;', "lint/security/noScriptUrl"],
  ["server/http/rules.test.ts", 'it.skip("$", () => {});', "lint/suspicious/noSkippedTests"],
  ["server/http/rules.test.ts", 'it.only("$", () => {});', "lint/suspicious/noFocusedTests"],
  ["e2e/rules.spec.ts", "await page.waitForTimeout(1);", "lint/nursery/noPlaywrightWaitForTimeout"],
];

/** Imports that stay allowed: a wall that stops everything proves nothing. */
const ALLOWED: readonly Case[] = [
  ["server/contract/wire/ok.ts", from("zod")],
  ["server/contract/wire/ok.ts", from("#server/contract/event.ts")],
  ["server/contract/fold/ok.ts", from("#server/kernel/clock.ts")],
  ["server/contract/fold/ok.ts", from("./record.ts")],
  ["server/dna/domain/ok.ts", from("#server/kernel/clock.ts")],
  ["server/dna/domain/ok.ts", from("./identity.ts")],
  ["server/dna/domain/ok.ts", from("#server/contract/diagram/dna-lifecycle.ts")],
  ["server/dna/domain/ok.ts", "export const $ = new Date(5).getTime() + Math.max(1, 2);"],
  ["server/dynflow/codec/ok.ts", from("@msgpack/msgpack")],
  ["server/dynflow/codec/ok.ts", from("#server/dynflow/domain/model.ts")],
  ["server/dynflow/ok.ts", from("./domain/model.ts")],
  ["server/dynflow/ok.ts", from("./codec/flow.ts")],
  ["server/dynflow/ok.ts", from("#server/live/ports.ts")],
  ["server/dynflow/ok.ts", from("#server/contract/wire/dynflow.ts")],
  ["server/dynflow/ok.ts", from("#server/auth/permissions.ts")],
  ["server/dynflow/ok.ts", from("#server/operations/ports.ts")],
  ["server/dynflow/adapters/sql/ok.ts", from("pg")],
  ["server/haf/ports.ts", from("#server/contract/haf.ts")],
  ["server/haf/domain/ok.ts", from("#server/contract/haf.ts")],
  ["server/haf/adapters/postgres/ok.ts", from("#server/haf/ports.ts")],
  ["server/ingest/adapters/http/ok.ts", from("ws")],
  ["server/ingest/domain/ok.ts", from("#server/contract/agents.ts")],
  ["server/dynflow/adapters/sql/ok.ts", from("node:worker_threads")],
  ["server/dynflow/adapters/sql/ok.ts", from("#server/dynflow/codec/flow.ts")],
  ["server/dynflow/adapters/sql/ok.ts", from("#server/dynflow/ports.ts")],
  ["server/dynflow/adapters/sql/ok.ts", 'export const $ = await import("kysely");'],
  ["server/dna/adapters/scylla/ok.ts", from("cassandra-driver")],
  ["server/journal/adapters/sqlite/ok.ts", from("node:sqlite")],
  ["server/journal/adapters/sqlite/ok.ts", from("#server/contract/event.ts")],
  ["server/auth/ok.ts", from("iron-session")],
  ["server/auth/ok.ts", from("#server/journal/ports.ts")],
  ["server/config/ok.ts", "export const $ = process.env.HOME;"],
  ["server/config/ok.ts", from("yaml")],
  ["server/log/ok.ts", from("pino")],
  ["server/trpc/routers/ok.ts", from("@trpc/server")],
  ["server/trpc/routers/ok.ts", from("#server/contract/wire/dna.ts")],
  ["server/http/ok.ts", from("@trpc/server/adapters/standalone")],
  ["server/http/ok.ts", from("#server/live/ports.ts")],
  ["server/compose.ts", from("#server/dna/adapters/scylla/x.ts")],
  ["server/compose-check.ts", from("#server/dynflow/adapters/sql/x.ts")],
  ["server/main.ts", from("./compose.ts")],
  ["components/plans/ok.tsx", from("#server/trpc/app-router.ts")],
  ["components/plans/ok.tsx", from("#server/contract/event.ts")],
  ["components/plans/ok.tsx", from("react")],
  ["app/plans/page.tsx", "export default function Page() { return null; }"],
  ["app/plans/page.tsx", from("#components/plans/x.tsx")],
  ["e2e/ok.spec.ts", from("#server/contract/event.ts")],
  ["server/http/ok.test.ts", from("#server/dna/service.ts")],
  ["scripts/ok.ts", "console.log(process.env.HOME);"],
];

/** Writes the cases into a tree with our biome.json, one line a case, and lints it once. */
async function lint(cases: readonly Case[]): Promise<readonly (readonly string[])[]> {
  const tree = await mkdtemp(path.join(tmpdir(), "worldline-walls-"));
  try {
    await cp(path.join(ROOT, "biome.json"), path.join(tree, "biome.json"));
    await cp(path.join(ROOT, "scripts/lint"), path.join(tree, "scripts/lint"), { recursive: true });
    const files = Map.groupBy(
      cases.map((entry, index) => ({ file: entry[0], index, code: entry[1].replaceAll("$", `v${index}`) })),
      (entry) => entry.file,
    );
    for (const [file, entries] of files) {
      await mkdir(path.dirname(path.join(tree, file)), { recursive: true });
      await writeFile(path.join(tree, file), `${entries.map((entry) => entry.code).join("\n")}\n`);
    }
    const found = await diagnosticsOf(tree);
    return cases.map(([file], index) => {
      const line = (files.get(file) ?? []).findIndex((entry) => entry.index === index) + 1;
      return found.filter((one) => one.file === file && one.line === line).map((one) => one.rule);
    });
  } finally {
    await rm(tree, { recursive: true, force: true });
  }
}

async function diagnosticsOf(tree: string) {
  const args = ["lint", "--reporter=github", "--max-diagnostics=none", "--diagnostic-level=error", "."];
  const output = await run(BIOME, args, { cwd: tree, maxBuffer: 8_000_000 }).then(
    (done) => done.stdout,
    (failed: { stdout: string }) => failed.stdout,
  );
  return [...output.matchAll(/^::error title=([^,]+),file=([^,]+),line=(\d+)/gm)].map((match) => ({
    rule: match[1] ?? "",
    file: path.relative(tree, path.resolve(tree, match[2] ?? "")),
    line: Number(match[3]),
  }));
}

describe("the walls", () => {
  let forbidden: readonly (readonly string[])[] = [];
  let allowed: readonly (readonly string[])[] = [];
  beforeAll(async () => {
    forbidden = await lint(FORBIDDEN);
    allowed = await lint(ALLOWED);
  }, LINT_TIMEOUT_MS);

  it.each(FORBIDDEN.map(([file, code, rule = IMPORTS], index) => ({ file, code, rule, index })))(
    "$file may not: $code",
    ({ rule, index }) => {
      expect(forbidden[index]).toContain(rule);
    },
  );

  it.each(ALLOWED.map(([file, code], index) => ({ file, code, index })))("$file may: $code", ({ index }) => {
    const quiet = ["lint/suspicious/noImportCycles"];
    expect((allowed[index] ?? ["not linted"]).filter((rule) => !quiet.includes(rule))).toEqual([]);
  });
});

/** All sources below some folders, with their text; tests left out. */
async function sources(...folders: readonly string[]) {
  const lists = await Promise.all(
    folders.map((folder) => readdir(path.join(ROOT, folder), { recursive: true }).catch(() => [])),
  );
  const names = lists.flatMap((list, index) => list.map((name) => path.join(folders[index] ?? "", name)));
  return Promise.all(
    names
      .filter((name) => /\.(ts|tsx|mjs)$/.test(name) && !/\.(test|contract)\.tsx?$/.test(name))
      .map(async (name) => ({ name, text: await readFile(path.join(ROOT, name), "utf8") })),
  );
}

/** Text without comments, so that a sentence about a rule is not taken for a breach of it. */
const code = (text: string) => text.replace(/\/\*[\s\S]*?\*\//g, "").replace(/(^|[^:])\/\/.*$/gm, "$1");

describe("what no linter sees", () => {
  it("server/trpc/app-router.ts exports types and imports types, nothing else", async () => {
    const text = code(await readFile(path.join(ROOT, "server/trpc/app-router.ts"), "utf8"));
    const statements = text.split(";").map((statement) => statement.trim());
    expect(statements.filter((one) => one !== "" && !/^(import|export) type\b/.test(one))).toEqual([]);
  });

  it("events are only ever inserted: no statement updates, replaces or deletes one, or drops the trigger that forbids it", async () => {
    const offenders = (await sources("server/journal")).filter(({ text }) =>
      /\b(update|delete\s+from|replace\s+into|drop\s+table|drop\s+trigger)\s+["`]?(\w+\.)?events?(_never\w*)?\b/i.test(
        code(text),
      ),
    );
    expect(offenders.map(({ name }) => name)).toEqual([]);
  });

  it("no text becomes HTML: neither dangerouslySetInnerHTML nor innerHTML is written anywhere", async () => {
    const offenders = (await sources("app", "components")).filter(({ text }) =>
      /dangerouslySetInnerHTML|\.(inner|outer)HTML\s*=[^=]|insertAdjacentHTML|document\.write/.test(code(text)),
    );
    expect(offenders.map(({ name }) => name)).toEqual([]);
  });

  it("only server/config reads the environment", async () => {
    const offenders = (await sources("server", "components", "app")).filter(
      ({ name, text }) => !name.startsWith("server/config/") && /process\.env|from "node:process"/.test(code(text)),
    );
    expect(offenders.map(({ name }) => name)).toEqual([]);
  });

  it("no lint rule is switched off by a comment", async () => {
    const offenders = (await sources("server", "components", "app", "e2e", "scripts", "bench")).filter(({ text }) =>
      /biome-ignore-(all|start)|@ts-(ignore|expect-error|nocheck)/.test(text),
    );
    expect(offenders.map(({ name }) => name)).toEqual([]);
  });
});

describe("every procedure", () => {
  const procedures = Object.entries(appRouter._def.procedures as Readonly<Record<string, unknown>>);

  it.each(procedures)("%s declares exactly one permission of the closed list", (_path, procedure) => {
    const meta = metaOf(procedure);
    expect(Object.keys(meta ?? {})).toEqual(["permission"]);
    expect(PERMISSIONS).toContain(meta?.permission);
  });

  it("only the session's own procedures are open to those who have not logged in", () => {
    const open = procedures.filter(([, procedure]) => metaOf(procedure)?.permission === "session:open");
    expect(open.map(([name]) => name).sort()).toEqual(["session.get", "session.login", "session.logout"]);
  });
});

function metaOf(procedure: unknown): { readonly permission?: unknown } | undefined {
  return (procedure as { readonly _def: { readonly meta?: { readonly permission?: unknown } } })._def.meta;
}
