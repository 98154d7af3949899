import { randomBytes } from "node:crypto";
import { Command } from "commander";
import { ulid } from "ulid";
import { openTokenRegister } from "#server/auth/token-file.ts";
import { CONFIG_VARIABLE, processEnvironment } from "#server/config/environment.ts";
import { ConfigurationError } from "#server/config/fault.ts";
import { loadConfiguration } from "#server/config/load.ts";
import type { Configuration } from "#server/config/model.ts";
import { readTextFile } from "#server/config/read-text.ts";
import { messageOf, OpsError } from "#server/kernel/errors.ts";
import { createSystemClock } from "#server/runtime/clock.ts";
import { giveBackDataFolder, prepareDataFolder } from "#server/runtime/data-folder.ts";
import { type AgentCommands, createAgentCommands } from "./agent-users.ts";
import { checkSources } from "./check.ts";
import { createTokenCommands, type NewToken, type TokenCommands } from "./tokens.ts";

const environment = processEnvironment();
const out = (text: string) => void process.stdout.write(text);
const err = (text: string) => void process.stderr.write(text);

interface CommonOptions {
  readonly config?: string;
}

function configurationOf(options: CommonOptions): Configuration {
  const file = options.config ?? environment[CONFIG_VARIABLE] ?? null;
  return loadConfiguration({ file, cwd: process.cwd(), environment, readText: readTextFile });
}

function folderOf(configuration: Configuration): string {
  const isPlainDemo = configuration.demo !== null && configuration.file === null;
  return prepareDataFolder(configuration.journal.path, { fallback: isPlainDemo });
}

function withTokens(options: CommonOptions, run: (commands: TokenCommands) => void): void {
  const configuration = configurationOf(options);
  const sources = [...configuration.dna, ...configuration.dynflow].map((source) => source.id);
  const folder = folderOf(configuration);
  const register = openTokenRegister(folder);
  try {
    const knownSources = configuration.demo === null ? sources : null;
    run(createTokenCommands({ register, clock: createSystemClock(), knownSources, createId: () => ulid() }));
  } finally {
    register.close();
    giveBackDataFolder(folder);
  }
  if (configuration.auth.mode === "none") err("Note: auth.mode is none, so nobody needs a token yet.\n");
}

async function withAgents(options: CommonOptions, run: (commands: AgentCommands) => Promise<void>): Promise<void> {
  const configuration = configurationOf(options);
  const folder = folderOf(configuration);
  const { openAgentRegister } = await import("#server/compose-accounts.ts");
  const register = await openAgentRegister(folder);
  const newPassword = () => randomBytes(18).toString("base64url");
  try {
    await run(createAgentCommands({ register, clock: createSystemClock(), newPassword }));
  } finally {
    await register.close();
    giveBackDataFolder(folder);
  }
  if (configuration.ingest === null) err("Note: the configuration has no ingest, so no agent can come in yet.\n");
}

/** `--config` on each command. */
function withConfig(command: Command): Command {
  return command.option("-c, --config <file>", `configuration (or the variable ${CONFIG_VARIABLE})`);
}

const program = new Command("worldline")
  .description("A console for DNA actor clusters, Dynflow plans, HAF stacks and agents")
  .showHelpAfterError();

withConfig(program.command("start"))
  .description("run the console (as npm start)")
  .option("-p, --port <port>", "listen there instead");

withConfig(program.command("check"))
  .description(
    "test connection, rights and capabilities of every source and of the journal's database; changes nothing",
  )
  .action(async (options: CommonOptions) => {
    const configuration = configurationOf(options);
    const { createSourceProbes } = await import("#server/compose-check.ts");
    if (!(await checkSources(createSourceProbes(configuration), out))) process.exitCode = 1;
  });

const token = program.command("token").description("let people in, and out again; works while the console runs");

withConfig(token.command("create"))
  .description("make a token; it is shown once")
  .requiredOption("--name <name>", "whose it is: the journal signs with it")
  .requiredOption("--role <role>", "viewer, operator or admin")
  .option("--sources <ids>", "only these sources, separated by commas")
  .option("--expires <when>", "30d, 12h, a date, or never", "90d")
  .action((options: CommonOptions & Omit<NewToken, "sources"> & { readonly sources?: string }) => {
    const sources =
      options.sources
        ?.split(",")
        .map((id) => id.trim())
        .filter((id) => id !== "") ?? null;
    withTokens(options, (commands) => {
      const { token: text, record } = commands.create({ ...options, sources });
      err(`Token of ${record.name} (${record.role}), id ${record.id}. It is shown this once:\n`);
      out(`${text}\n`);
    });
  });

withConfig(token.command("list"))
  .description("all tokens, without their secret")
  .action((options: CommonOptions) => withTokens(options, (commands) => out(commands.list())));

withConfig(token.command("revoke"))
  .description("end a token, its sessions and its streams, within a second")
  .argument("<id-or-name>")
  .action((which: string, options: CommonOptions) =>
    withTokens(options, (commands) => {
      const record = commands.revoke(which);
      out(`Revoked ${record.name} (${record.id}).\n`);
    }),
  );

const agentUser = program
  .command("agent-user")
  .description("who may open sessions for agents, beside those of the configuration; works while the console runs");

withConfig(agentUser.command("add"))
  .description("make a user; the password is shown once")
  .argument("<name>")
  .requiredOption(
    "--agents <ids>",
    "agents it may send as, separated by commas; * at the end of one stands for any rest",
  )
  .option("--types <types>", "only these types, separated by commas")
  .action((name: string, options: CommonOptions & { readonly agents: string; readonly types?: string }) =>
    withAgents(options, async (commands) => {
      const password = await commands.add({ name, agents: options.agents, types: options.types });
      err(`Password of ${name}. It is shown this once:\n`);
      out(`${password}\n`);
    }),
  );

withConfig(agentUser.command("list"))
  .description("all of them, without their passwords")
  .action((options: CommonOptions) => withAgents(options, async (commands) => out(commands.list())));

withConfig(agentUser.command("remove"))
  .description("end a user, its tokens and its connections, within a second")
  .argument("<name>")
  .action((name: string, options: CommonOptions) =>
    withAgents(options, async (commands) => {
      await commands.remove(name);
      out(`Removed ${name}.\n`);
    }),
  );

withConfig(program.command("agent-token").description("session tokens of agents").command("revoke"))
  .description("end a session token and its connections, within a second")
  .argument("<token-or-id>")
  .action((which: string, options: CommonOptions) =>
    withAgents(options, async (commands) => {
      out(`Revoked ${await commands.revoke(which)}.\n`);
    }),
  );

withConfig(program.command("verify-journal"))
  .description("walk the audit chain, also while the console runs; changes nothing")
  .action(async (options: CommonOptions) => {
    const configuration = configurationOf(options);
    const { verifyJournalOf } = await import("#server/compose-check.ts");
    const verdict = await verifyJournalOf(configuration);
    out(`${verdict.text}\n`);
    if (!verdict.sound) process.exitCode = 1;
  });

try {
  await program.parseAsync();
} catch (cause) {
  err(`${cause instanceof ConfigurationError ? cause.message : messageOf(cause)}\n`);
  if (!(cause instanceof OpsError) && !(cause instanceof ConfigurationError))
    err(`${String((cause as Error).stack)}\n`);
  process.exitCode = cause instanceof ConfigurationError ? 2 : 1;
}
