"use client";
import { Unknown } from "#components/ui/widget.tsx";
import type { BeamNodeOutput } from "#server/contract/wire/dna-beam.ts";
import { abilityWords } from "./beam-words.ts";

interface AbilitiesProps {
  readonly abilities: BeamNodeOutput["abilities"];
  readonly evaluate: boolean;
}

/** What this node cannot do for the console, each with the reason; found out before anything is offered. */
export function Abilities({ abilities, evaluate }: AbilitiesProps) {
  if (abilities === null) return <Unknown>it was not asked what it can</Unknown>;
  const { otpRelease, elixir, missing } = abilities;
  return (
    <>
      {missing.length === 0 ? (
        <p className="t2 small">Nothing is missing.</p>
      ) : (
        <table aria-label="What cannot be asked there">
          <tbody>
            {missing.map(({ ability, reason }) => (
              <tr key={ability}>
                <th scope="row" className="wrap">
                  {abilityWords(ability)}
                </th>
                <td className="t2 wrap">{reason}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <p className="t3 small">
        Erlang/OTP {otpRelease}
        {elixir === null ? ", no Elixir" : `, Elixir ${elixir}`}
        {evaluate ? "; short constant texts may be evaluated there" : "; nothing is evaluated there (evaluate: false)"}.
      </p>
    </>
  );
}
