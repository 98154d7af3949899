/** Which Node may run the console, and where to find one. Plain JavaScript: this is read by whatever Node there is. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import path from "node:path";

const LEAST = [22, 13];
/** npm on an older Node leaves out packages that ask for this one, and says nothing: what it installed does not build. */
const LEAST_FOR_NPM = [20, 0];
/** Node runs TypeScript without a flag from here on. */
const STRIPS_TYPES = [22, 18];

/** @param {string} version @param {readonly number[]} least */
function isAtLeast(version, least) {
  const [major = 0, minor = 0] = version.replace(/^v/, "").split(".").map(Number);
  return major > (least[0] ?? 0) || (major === least[0] && minor >= (least[1] ?? 0));
}

/** Flags with which a Node of this version runs our TypeScript, quietly. */
export function nodeFlags(version = process.versions.node) {
  return [
    "--disable-warning=ExperimentalWarning",
    ...(isAtLeast(version, STRIPS_TYPES) ? [] : ["--experimental-strip-types"]),
  ];
}

/**
 * Flags of the server besides: what every read brings is forgotten at once, so a small nursery does, and the process
 * stays a hundred megabytes smaller while it watches thousands of nodes.
 */
export const SERVER_FLAGS = ["--max-semi-space-size=16"];

/**
 * Runs the calling script again under the Node that `npm ci` has brought, when this one is too old, and ends with its
 * exit code. Returns when this Node will do; ends with one line when there is none that will.
 *
 * @param {string} root folder of the project
 * @param {string} script the calling script
 * @returns {Promise<void>}
 */
export async function ensureNode(root, script) {
  if (isAtLeast(process.versions.node, LEAST)) return;
  if (!isAtLeast(process.versions.node, LEAST_FOR_NPM)) {
    process.stderr.write(
      `npm runs on Node ${process.version} here and leaves out packages that need a newer one. Install npm with Node ${LEAST_FOR_NPM[0]} or newer, then run \`npm ci\` again.\n`,
    );
    process.exit(1);
  }
  const brought = broughtNode(root);
  if (brought === null) {
    process.stderr.write(
      `Worldline needs Node ${LEAST.join(".")} or newer; this is ${process.version}. Run \`npm ci\` first: on Linux it brings one.\n`,
    );
    process.exit(1);
  }
  // Whatever is started by name below finds the same Node.
  const PATH = `${path.dirname(brought)}${path.delimiter}${process.env.PATH ?? ""}`;
  process.exit(await runForward(brought, [script, ...process.argv.slice(2)], { ...process.env, PATH }));
}

/**
 * The Node that came with the packages, if it will do: `.bin/node`, or, where an older npm has made no link to it, the
 * file itself.
 *
 * @param {string} root folder of the project
 * @returns {string | null}
 */
function broughtNode(root) {
  const modules = path.join(root, "node_modules");
  const places = [path.join(modules, ".bin", "node"), path.join(modules, `node-linux-${process.arch}`, "bin", "node")];
  const versionOf = (/** @type {string} */ file) => spawnSync(file, ["--version"], { encoding: "utf8" }).stdout ?? "";
  return places.find((file) => existsSync(file) && isAtLeast(versionOf(file), LEAST)) ?? null;
}

/**
 * Runs a program in our place: same terminal, signals handed on, its exit code as the answer.
 *
 * @param {string} program @param {readonly string[]} args @param {NodeJS.ProcessEnv} [env]
 * @returns {Promise<number>}
 */
export function runForward(program, args, env = process.env) {
  const child = spawn(program, args, { stdio: "inherit", env });
  for (const signal of /** @type {const} */ (["SIGTERM", "SIGINT", "SIGHUP"])) {
    // A terminal sends SIGINT to the whole group by itself; the child must not get it twice, as the second one kills.
    process.on(signal, () => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, signal) =>
      resolve(signal === null ? (code ?? 1) : 128 + (signal === "SIGINT" ? 2 : 15)),
    );
  });
}

/**
 * Becomes another program where the system can (same process id, so that signals and ends are its own), else runs it
 * as a child.
 *
 * @param {string} program @param {readonly string[]} args
 * @returns {Promise<number>} only where it had to be a child
 */
export function become(program, args, env = process.env) {
  if (typeof process.execve === "function" && process.platform !== "win32") {
    process.removeAllListeners("warning");
    process.on("warning", () => undefined);
    process.execve(program, [program, ...args], env);
  }
  return runForward(program, args, env);
}
