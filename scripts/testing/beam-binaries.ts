/** Where Erlang and Elixir are on this machine. */
import { execFileSync } from "node:child_process";

export const BEAM_PACKAGES = "erlang-base erlang-crypto erlang-ssl elixir openssl";

export type BeamProgram = "epmd" | "erl" | "elixir" | "erl_call" | "openssl";

/** @throws Error that says what to install */
export function findBeamProgram(name: BeamProgram): string {
  try {
    return execFileSync("which", [name], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch (cause) {
    throw new Error(
      `These tests need Erlang/OTP 25 or later and Elixir, and ${name} is not in the PATH. ` +
        `On Debian: apt-get install --no-install-recommends ${BEAM_PACKAGES}`,
      { cause },
    );
  }
}
