/** Where Erlang and Elixir are on this machine. */
import { type ExecFileSyncOptions, execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { userInfo } from "node:os";

const APT_GET = "/usr/bin/apt-get";
/** `openssl` makes throw-away certificates. */
const PACKAGES = ["erlang-base", "erlang-crypto", "erlang-ssl", "elixir", "openssl"];

export type BeamProgram = "epmd" | "erl" | "elixir" | "erl_call" | "openssl";

/** Installs Debian's packages where root may. @throws Error with the one line that says what to do */
export function findBeamProgram(name: BeamProgram): string {
  const found = look(name);
  if (found !== null) return found;
  if (userInfo().uid === 0 && existsSync(APT_GET)) install();
  const installed = look(name);
  if (installed !== null) return installed;
  throw new Error(
    `no ${name} found: install Erlang/OTP 25 or later with Elixir (Debian: apt-get install --no-install-recommends ${PACKAGES.join(" ")})`,
  );
}

function look(name: BeamProgram): string | null {
  try {
    return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return null; // not in the PATH
  }
}

function install(): void {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  const options: ExecFileSyncOptions = { env, stdio: ["ignore", "ignore", "inherit"] };
  execFileSync(APT_GET, ["-q", "update"], options);
  execFileSync(APT_GET, ["-q", "install", "-y", "--no-install-recommends", ...PACKAGES], options);
}
